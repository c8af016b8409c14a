using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>What the command line says about the configuration; a reload uses the same again.</summary>
public sealed record ConfigurationRequest
{
    /// <summary>Files in the order of precedence, later ones override; empty: the default places.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary><c>--port</c>, 1 to 65,535; null when not given. See <see cref="InstancePort"/>.</summary>
    public int? Port { get; init; }

    /// <summary><c>--drain-delay</c>; null when not given. Overrides <c>timeouts.drain_delay</c> of the files.</summary>
    public TimeSpan? DrainDelay { get; init; }

    /// <summary><c>--log-level</c>; null when not given. Overrides <c>SLICE_LOG</c>, which overrides the files.</summary>
    public LogSeverity? LogLevel { get; init; }
}
