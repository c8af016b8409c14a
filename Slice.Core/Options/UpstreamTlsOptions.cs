namespace Slice.Core.Options;

/// <summary>TLS to an origin whose addresses are <c>https</c>; without meaning for others.</summary>
public sealed record UpstreamTlsOptions
{
    /// <summary>The name in SNI and in the origin's certificate; null: the host of the address.</summary>
    public string? ServerName { get; init; }

    /// <summary>A PEM file of CA certificates, which then are the only ones that are trusted; null: those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// Whether the origin must prove who it is. Default true; false gives encryption against listeners only, and a warning at start.
    /// </summary>
    public bool Verify { get; init; } = true;
}
