using Slice.Host.Configuration;
using Slice.Host.Demo;

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
/// <param name="ExitCode">One of <see cref="Service.ExitCode"/>.</param>
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
/// <param name="Options">What is served and downloaded.</param>
public sealed record DemoCommand(DemoOptions Options) : CommandLineResult;
