using System.Text.Json;

namespace Slice.Host.Status;

/// <summary><c>/api/cache</c>: how full the cache is, what went to make room, and what was purged. Pure.</summary>
internal static class CachePart
{
    /// <summary>Writes the members.</summary>
    public static void Write(Utf8JsonWriter json, StatusSources sources)
    {
        var (store, meter) = (sources.Store, sources.Meter);
        var (place, reason) = sources.CacheHealth();
        json.WriteString("place", place);
        json.WriteString("place_reason", reason);
        json.WriteBoolean("takes_writes", !store.Writing.IsStopped);
        json.WriteNumber("capacity_bytes", store.CapacityBytes);
        json.WriteNumber("used_bytes", store.UsedBytes);
        json.WriteNumber("allocated_bytes", store.AllocatedBytes);
        json.WriteNumber("overflow_bytes", store.OverflowBytes);
        json.WriteNumber("index_bytes", sources.Index.MemoryBytes);
        json.WriteNumber("objects", sources.Index.Count);
        json.WriteNumber("slices", store.SliceCount);
        json.WriteNumber("slices_hit", meter.CacheHits.Value);
        json.WriteNumber("slices_missed", meter.CacheMisses.Value);
        json.WriteNumber("evicted_slices", store.EvictedSlices);
        json.WriteNumber("evicted_bytes", store.EvictedBytes);
        json.WriteNumber("purged_slices", meter.PurgedItems.Value);
        json.WriteNumber("errors", meter.CacheErrors.Value);
        json.WriteNumber("disk_waits", meter.CacheDiskWaits.Value);
    }
}
