namespace Slice.Core.Options;

/// <summary>
/// What one client address may have of this instance; 0 is no limit, and the default of each. All addresses of an IPv6 network of 64 bits
/// are one client.
/// </summary>
public sealed record PerClientLimitOptions
{
    /// <summary>Connections at once. One more is answered 429.</summary>
    public int Connections { get; init; }

    /// <summary>Requests per second, of which as many may come at once. More are answered 429.</summary>
    public int RequestsPerSecond { get; init; }

    /// <summary>Bytes per second that the client is sent, over all of its connections. More wait.</summary>
    public long BytesPerSecond { get; init; }
}
