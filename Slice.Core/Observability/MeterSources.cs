using System.Diagnostics.Metrics;
using static Slice.Core.Observability.MeterInstruments;

namespace Slice.Core.Observability;

/// <summary>
/// Where a <see cref="SliceMeter"/> gets figures that other parts know. Each is asked when metrics are read, from any thread, and must not
/// throw; what is not set has no values. Set each once, or again after a reload.
/// </summary>
public sealed class MeterSources
{
    private volatile StoreSource? _store;
    private volatile Func<IEnumerable<KeyValuePair<string, long>>>? _originHealth;
    private volatile Func<IEnumerable<KeyValuePair<string, long>>>? _originConnections;
    private volatile Func<IEnumerable<KeyValuePair<string, long>>>? _certificates;
    private volatile KeyValuePair<string, object?>[]? _build;
    private volatile TierSource? _tier;

    /// <summary>The store.</summary>
    public StoreSource? Store
    {
        get => _store;
        set => _store = value;
    }

    /// <summary>The tier that is shared with other instances.</summary>
    public TierSource? Tier
    {
        get => _tier;
        set => _tier = value;
    }

    /// <summary>1 or 0 for each address of the origin.</summary>
    public Func<IEnumerable<KeyValuePair<string, long>>>? OriginHealth
    {
        get => _originHealth;
        set => _originHealth = value;
    }

    /// <summary>Open connections to the origin, by the pool that they are of.</summary>
    public Func<IEnumerable<KeyValuePair<string, long>>>? OriginConnections
    {
        get => _originConnections;
        set => _originConnections = value;
    }

    /// <summary>The end of each certificate that clients are shown, in Unix time, by its subject.</summary>
    public Func<IEnumerable<KeyValuePair<string, long>>>? Certificates
    {
        get => _certificates;
        set => _certificates = value;
    }

    /// <summary>Says which build this is.</summary>
    public void SetBuild(string version, string commit) =>
        _build = [KeyValuePair.Create("version", (object?)version), KeyValuePair.Create("commit", (object?)commit)];

    /// <summary>Makes the instruments for all of it.</summary>
    internal void ShowIn(MeterInstruments instruments)
    {
        ShowStore(instruments);
        ShowOrigin(instruments);
        ShowTier(instruments);
        ShowInstance(instruments);
    }

    private void ShowStore(MeterInstruments instruments)
    {
        ShowOfStore(instruments, "cache_entries", OfSlices, "Slices in the store.", store => store.Slices());
        ShowOfStore(instruments, "cache_objects", OfObjects, "Objects in the store.", store => store.Objects());
        ShowOfStore(instruments, "cache_bytes", Bytes, "Bytes taken in the store.", store => store.UsedBytes());
        ShowOfStore(instruments, "cache_capacity_bytes", Bytes, "Most bytes the store may take.", store => store.CapacityBytes());
        ShowOfStore(
            instruments,
            "cache_allocated_bytes",
            Bytes,
            "Bytes of disk or memory that the store has taken so far; it grows in steps up to its capacity.",
            store => store.AllocatedBytes());
        ShowOfStore(
            instruments,
            "cache_overflow_bytes",
            Bytes,
            "Bytes of memory beside the store, for slices that the store cannot keep just now.",
            store => store.OverflowBytes());
        ShowOfStore(
            instruments,
            "cache_index_bytes",
            Bytes,
            "Bytes of memory that keys, heads and tables of what is stored take, about; limits.index_memory bounds them.",
            store => store.IndexBytes());
        ShowOfStore(
            instruments,
            "cache_writable",
            YesOrNo,
            "1 while the store takes writes, 0 after the disk has refused one.",
            store => store.IsWritable() ? 1 : 0);
        ShowOfStore(
            instruments,
            "cache_persistent",
            YesOrNo,
            "1 when the store is on disk, 0 when it is in memory.",
            store => store.IsPersistent() ? 1 : 0);
        ShowOfStore(
            instruments,
            "cache_directory_unusable",
            YesOrNo,
            "1 while the store is in memory because its directory cannot be used, 0 otherwise.",
            store => store.IsDirectoryUnusable() ? 1 : 0);
    }

    private void ShowOrigin(MeterInstruments instruments)
    {
        instruments.Show(
            "origin_healthy",
            YesOrNo,
            "1 for each address of the origin, 0 while it rests.",
            "address",
            () => _originHealth?.Invoke() ?? []);
        instruments.Show(
            "origin_connections",
            OfConnections,
            "Open connections to the origin, idle ones too, by the pool that they are of.",
            "pool",
            () => _originConnections?.Invoke() ?? []);
    }

    private void ShowTier(MeterInstruments instruments)
    {
        instruments.Show(
            "shared_cache_up", YesOrNo, "1 while the shared cache is asked, 0 while it is not.", OfTier(tier => tier.IsUp() ? 1 : 0));
        instruments.Show(
            "shared_cache_instances",
            "{instance}",
            "Instances that share the cache and were seen lately.",
            OfTier(tier => tier.Instances()));
        instruments.Show(
            "shared_cache_servers_down",
            "{server}",
            "Of several servers of the shared cache, those that have been away for longer than a moment.",
            OfTier(tier => tier.ServersDown()));
        instruments.Count(
            "shared_cache_reads_total",
            "{value}",
            "What was looked for in the shared cache, by what came of it.",
            "result",
            () => _tier?.Meter.Reads.Read() ?? []);
        instruments.Count(
            "shared_cache_writes_total",
            "{value}",
            "What was to be written to the shared cache, by what came of it.",
            "result",
            () => _tier?.Meter.Writes.Read() ?? []);
        instruments.Count(
            "shared_cache_turns_total",
            "{turn}",
            "Turns to ask the origin for what several instances miss at once, by what came of them.",
            "result",
            () => _tier?.Meter.Turns.Read() ?? []);
        instruments.Count(
            "shared_cache_read_bytes_total", Bytes, "Bytes read from the shared cache.", OfTier(tier => tier.Meter.BytesRead));
        instruments.Count(
            "shared_cache_written_bytes_total",
            Bytes,
            "Bytes of values written to the shared cache.",
            OfTier(tier => tier.Meter.BytesWritten));
        instruments.Count(
            "shared_cache_news_told_total",
            "{event}",
            "Changes and removals that other instances were told of.",
            OfTier(tier => tier.Meter.NewsTold));
        instruments.Count(
            "shared_cache_news_heard_total",
            "{event}",
            "Changes and removals that were heard of from other instances.",
            OfTier(tier => tier.Meter.NewsHeard));
        instruments.Count(
            "shared_cache_news_lost_total",
            "{loss}",
            "Times that news of other instances may have been lost, so that all that is stored is validated.",
            OfTier(tier => tier.Meter.NewsLost));
    }

    private Func<IEnumerable<Measurement<long>>> OfTier(Func<TierSource, long> read) =>
        () => _tier is { } tier ? [new Measurement<long>(read(tier))] : [];

    private void ShowInstance(MeterInstruments instruments)
    {
        instruments.Show(
            "certificate_expiry_timestamp_seconds",
            Seconds,
            "End of each certificate that clients are shown, in Unix time, by its subject.",
            "subject",
            () => _certificates?.Invoke() ?? []);
        instruments.Show(
            "build_info",
            YesOrNo,
            "1, with the version and the commit of this build.",
            () => _build is { } labels ? [new Measurement<long>(1, labels)] : Array.Empty<Measurement<long>>());
    }

    private void ShowOfStore(MeterInstruments instruments, string name, string unit, string help, Func<StoreSource, long> value) =>
        instruments.Show(
            name, unit, help, () => _store is { } store ? [new Measurement<long>(value(store))] : Array.Empty<Measurement<long>>());
}
