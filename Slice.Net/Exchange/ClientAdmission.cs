using System.Threading.RateLimiting;

namespace Slice.Net.Exchange;

/// <summary>Whether a client may have one more connection.</summary>
internal enum ConnectionVerdict
{
    /// <summary>It is served.</summary>
    Served,

    /// <summary>Its request is answered 429.</summary>
    Refused,

    /// <summary>It is closed without a word: too many of the client's wait to be refused.</summary>
    Dropped,
}

/// <summary>A connection's place among those of its client. Disposing it gives the place to the next one.</summary>
/// <param name="Verdict">What becomes of the connection.</param>
/// <param name="Lease">Owned by the connection; null where there is no limit.</param>
internal readonly record struct ClientAdmission(ConnectionVerdict Verdict, RateLimitLease? Lease) : IDisposable
{
    /// <summary>Where there is no limit.</summary>
    public static ClientAdmission Unlimited => new(ConnectionVerdict.Served, null);

    /// <inheritdoc/>
    public void Dispose() => Lease?.Dispose();
}
