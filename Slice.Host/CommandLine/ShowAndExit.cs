namespace Slice.Host.CommandLine;

/// <summary>Print and exit: help, the version, or what is wrong with the command line.</summary>
/// <param name="ExitCode">One of <see cref="Service.ExitCode"/>.</param>
/// <param name="Output">Text for standard output, with its last line end; empty for none.</param>
/// <param name="Error">Text for standard error, with its last line end; empty for none.</param>
public sealed record ShowAndExit(int ExitCode, string Output, string Error) : CommandLineResult;
