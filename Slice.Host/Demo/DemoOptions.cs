using Slice.Core.Options;

namespace Slice.Host.Demo;

/// <summary>What the demonstration serves and downloads; the defaults are stated here.</summary>
public sealed record DemoOptions
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
