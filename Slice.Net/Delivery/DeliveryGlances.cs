namespace Slice.Net.Delivery;

/// <summary>Makes a <see cref="DeliveryGlance"/> of what a delivery holds. Pure.</summary>
internal static class DeliveryGlances
{
    /// <summary>The glance at a delivery.</summary>
    /// <param name="window">What its window holds.</param>
    /// <param name="sentBytes">Bytes of the plan that it has sent, without what it has sent past the store.</param>
    /// <param name="hits">Slices that came from the store.</param>
    /// <param name="misses">Slices that came from the origin.</param>
    /// <param name="drawsMap">Whether a map is wanted.</param>
    public static DeliveryGlance Of(in WindowGlance window, long sentBytes, int hits, int misses, bool drawsMap)
    {
        var exchange = window.Exchange;
        long wanted = window.Plan.Range.Length;
        return new DeliveryGlance(
            window.Generation.Key,
            exchange.Client.Address,
            exchange.StartedAt,
            wanted,
            Math.Clamp(sentBytes, 0, wanted),
            Math.Max(0, exchange.BodyBytes + sentBytes),
            hits,
            misses,
            window.Plan.Count,
            window.Generation.Grid.SliceSizeBytes,
            drawsMap ? SliceMap.Draw(window) : "");
    }
}
