using Slice.Host.Configuration;

namespace Slice.Host.Control;

/// <summary>Which running instance a command is for, as the command line says.</summary>
public sealed record InstanceChoice
{
    /// <summary><c>--instance</c>, as <c>HOST:PORT</c>; null for the one that the configuration describes.</summary>
    public string? Address { get; init; }

    /// <summary><c>--token</c>; null for the one in the configuration.</summary>
    public string? Token { get; init; }

    /// <summary><c>--config</c> and <c>--port</c>: the configuration of the instance.</summary>
    public ConfigurationRequest Configuration { get; init; } = new();
}
