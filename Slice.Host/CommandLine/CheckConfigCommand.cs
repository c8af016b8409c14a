using Slice.Host.Configuration;

namespace Slice.Host.CommandLine;

/// <summary>Check the configuration and exit; see <see cref="ConfigurationCheck"/>.</summary>
/// <param name="Configuration">What to load.</param>
public sealed record CheckConfigCommand(ConfigurationRequest Configuration) : CommandLineResult;
