using Slice.Core.Options;
using Slice.Host.Configuration;

namespace Slice.Host.CommandLine;

/// <summary>What the command line asks for; one of the records below.</summary>
public abstract record CommandLineResult;

/// <summary>Serve.</summary>
/// <param name="Configuration">What to load, now and at every reload.</param>
public sealed record RunCommand(ConfigurationRequest Configuration) : CommandLineResult;

/// <summary>Check the configuration and exit; see <see cref="ConfigurationCheck"/>.</summary>
/// <param name="Configuration">What to load.</param>
public sealed record CheckConfigCommand(ConfigurationRequest Configuration) : CommandLineResult;

/// <summary>Print and exit: help, the version, or what is wrong with the command line.</summary>
/// <param name="ExitCode">One of <see cref="CommandLine.ExitCode"/>.</param>
/// <param name="Output">Text for standard output, with its last line end; empty for none.</param>
/// <param name="Error">Text for standard error, with its last line end; empty for none.</param>
public sealed record ShowAndExit(int ExitCode, string Output, string Error) : CommandLineResult;

/// <summary>Show what a cache directory holds.</summary>
/// <param name="Directory">The directory.</param>
/// <param name="Json">Whether for a script.</param>
/// <param name="Verify">Whether every slice is compared with its checksum.</param>
/// <param name="Limit">Most objects that are listed.</param>
public sealed record InspectCommand(string Directory, bool Json, bool Verify, int Limit) : CommandLineResult
{
    /// <summary>Objects that are listed when nothing is said: what fits a terminal.</summary>
    public const int DefaultLimit = 20;
}

/// <summary>Serve a built-in origin through the proxy and show what happens.</summary>
public sealed record DemoCommand : CommandLineResult
{
    /// <summary>Least bytes of the sample object: one, so that there is something to check.</summary>
    public const long MinimumSizeBytes = 1;

    /// <summary>Most bytes of the sample object; it is computed, not stored, but is downloaded twice.</summary>
    public const long MaximumSizeBytes = 1L << 40;

    /// <summary>Longest latency of the sample origin; arbitrary, above what a satellite link has.</summary>
    public static TimeSpan MaximumLatency => TimeSpan.FromSeconds(10);

    /// <summary>Whether to exit after the downloads instead of keeping on serving. Default false.</summary>
    public bool Once { get; init; }

    /// <summary>Bytes of the sample object, 1 to 1 TiB. Default 64 MiB.</summary>
    public long SizeBytes { get; init; } = 64L << 20;

    /// <summary>Wait of the sample origin before each answer, 0 to 10 s. Default 50 ms, a continent away.</summary>
    public TimeSpan Latency { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes per slice, in the range of <c>slice_size</c>, whose default it has.</summary>
    public int SliceSizeBytes { get; init; } = new SliceOptions().SliceSizeBytes;

    /// <summary>Slices in flight, in the range of <c>max_concurrent_subrequests</c>. Default 8.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary>Port of the proxy on loopback, 0 for any free one. Default 0.</summary>
    public int Port { get; init; }

    /// <summary>Least severity to log. Default <see cref="LogSeverity.Warn"/>, which leaves the terminal to the demonstration.</summary>
    public LogSeverity LogLevel { get; init; } = LogSeverity.Warn;
}
