namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// Consistent hashing of the URL: HAProxy's <c>balance uri</c> with <c>hash-type consistent</c>, nginx's <c>hash … consistent</c>.
/// </summary>
/// <param name="name">Its name in the table.</param>
/// <param name="instances">Instances.</param>
/// <param name="ringPoints">Points of each on the ring.</param>
/// <param name="boundFactor">
/// An instance with more requests than this multiple of the average is passed over, as by HAProxy's <c>hash-balance-factor</c> (Mirrokni et
/// al., "Consistent hashing with bounded loads"); infinity for no bound.
/// </param>
internal sealed class HashBalancer(string name, int instances, int ringPoints, double boundFactor) : Balancer(name, instances)
{
    private readonly HashRing _ring = new(Enumerable.Range(0, instances), ringPoints);

    /// <inheritdoc/>
    protected override int Choose(ulong urlHash)
    {
        if (double.IsPositiveInfinity(boundFactor))
        {
            return _ring.Find(urlHash);
        }

        // With the request that is to be given away.
        int limit = (int)Math.Ceiling(boundFactor * (TotalInFlight + 1) / InFlight.Length);
        return _ring.Find(urlHash, instance => InFlight[instance] < limit);
    }
}
