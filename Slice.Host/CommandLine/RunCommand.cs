using Slice.Host.Configuration;

namespace Slice.Host.CommandLine;

/// <summary>Serve.</summary>
/// <param name="Configuration">What to load, now and at every reload.</param>
public sealed record RunCommand(ConfigurationRequest Configuration) : CommandLineResult;
