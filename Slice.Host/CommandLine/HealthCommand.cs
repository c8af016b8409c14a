using Slice.Host.Configuration;

namespace Slice.Host.CommandLine;

/// <summary>Ask a running instance whether it takes requests.</summary>
/// <param name="Url">Whom to ask; null for the instance of the configuration.</param>
/// <param name="Timeout">How long an answer may take.</param>
/// <param name="Configuration">Where that instance listens, when there is no URL.</param>
public sealed record HealthCommand(Uri? Url, TimeSpan Timeout, ConfigurationRequest Configuration) : CommandLineResult
{
    /// <summary>How long an answer may take when nothing is said; arbitrary, well below the 30 s of container engines.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The longest time that may be said.</summary>
    public static readonly TimeSpan MaximumTimeout = TimeSpan.FromMinutes(5);
}
