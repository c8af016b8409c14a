namespace Slice.Core.Options;

/// <summary>HAProxy's PROXY protocol, versions 1 and 2, on the ports of clients.</summary>
public sealed record ProxyProtocolOptions
{
    /// <summary>Whether every connection begins with its header. Default false.</summary>
    public bool Enabled { get; init; }

    /// <summary>
    /// Who is believed: addresses and networks (<c>10.0.0.0/8</c>); required when enabled. Connections of others are closed.
    /// </summary>
    public IReadOnlyList<string> TrustedAddresses { get; init; } = [];
}
