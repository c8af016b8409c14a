using System.Net;

namespace Slice.Net.Origin;

/// <summary>
/// Addresses that gave no connection a short while ago: those of a name that did are tried before them (RFC 8305 §4, historical data). So
/// a dead address costs its wait once a minute and not at each connection, and the origin's own order, by which it spreads its load, stays.
/// Thread-safe.
/// </summary>
internal sealed class OriginAddressMemory(TimeProvider time)
{
    /// <summary>Most addresses that are remembered; the oldest makes room. Arbitrary: eight times the addresses of one name.</summary>
    public const int Capacity = 256;

    /// <summary>How long a failure counts: 1 min. Arbitrary: an address that is back gets requests again after that.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<IPEndPoint, long> _failedAt = [];

    /// <summary>Remembers that the address gave no connection.</summary>
    public void Failed(IPEndPoint endPoint)
    {
        lock (_lock)
        {
            if (_failedAt.Count == Capacity && !_failedAt.ContainsKey(endPoint))
            {
                _failedAt.Remove(_failedAt.MinBy(static failure => failure.Value).Key);
            }

            _failedAt[endPoint] = time.GetTimestamp();
        }
    }

    /// <summary>Forgets its failure: the address gave a connection.</summary>
    public void Worked(IPEndPoint endPoint)
    {
        lock (_lock)
        {
            _failedAt.Remove(endPoint);
        }
    }

    /// <summary>Whether the address gave no connection within <see cref="Lifetime"/>, and none since.</summary>
    public bool HasFailed(IPEndPoint endPoint)
    {
        lock (_lock)
        {
            return _failedAt.TryGetValue(endPoint, out long failedAt) && time.GetElapsedTime(failedAt) < Lifetime;
        }
    }
}
