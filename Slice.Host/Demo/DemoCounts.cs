using Slice.Host.Service;

namespace Slice.Host.Demo;

/// <summary>Counts of the proxy and the origin, at one time or between two.</summary>
/// <param name="Slices">Slices that the proxy has delivered; once for each client that got one.</param>
/// <param name="SlicesFetched">Slices that the proxy has asked the origin for.</param>
/// <param name="OriginRequests">Requests the origin has received.</param>
/// <param name="OriginBytes">Body bytes the origin has sent.</param>
internal readonly record struct DemoCounts(long Slices, long SlicesFetched, long OriginRequests, long OriginBytes)
{
    /// <summary>
    /// Slices delivered without asking the origin: from the cache, or from what is just being fetched for another client.
    /// </summary>
    public long SlicesReused => Math.Max(0, Slices - SlicesFetched);

    /// <summary>The counts now.</summary>
    public static DemoCounts Read(Instance proxy, DemoOrigin origin)
    {
        var meter = proxy.Parts.Meter;
        return new DemoCounts(meter.CacheHits.Value + meter.CacheMisses.Value, meter.Subrequests.Value, origin.Requests, origin.BodyBytes);
    }

    /// <summary>What came since.</summary>
    public DemoCounts Since(DemoCounts earlier) => new(
        Slices - earlier.Slices,
        SlicesFetched - earlier.SlicesFetched,
        OriginRequests - earlier.OriginRequests,
        OriginBytes - earlier.OriginBytes);
}
