namespace Slice.Core.Options;

/// <summary>What a reload makes of the running configuration: live keys from the new one, all others as they are. Immutable.</summary>
/// <remarks>
/// The mixture is valid when both sides are: no rule of <see cref="SliceOptionsValidator"/> is between a live key and one that is not.
/// </remarks>
public sealed record ReloadPlan
{
    private ReloadPlan(SliceOptions effective, IReadOnlyList<OptionKey> applied, IReadOnlyList<OptionKey> waiting) =>
        (Effective, Applied, Waiting) = (effective, applied, waiting);

    /// <summary>What is in force afterwards.</summary>
    public SliceOptions Effective { get; }

    /// <summary>Changed keys that are taken over, in the order of <see cref="OptionTable"/>.</summary>
    public IReadOnlyList<OptionKey> Applied { get; }

    /// <summary>Keys whose running value is not the new one until a restart, in the order of <see cref="OptionTable"/>.</summary>
    public IReadOnlyList<OptionKey> Waiting { get; }

    /// <summary>Plans a reload. Pure.</summary>
    /// <param name="running">What is in force.</param>
    /// <param name="loaded">What was read anew; valid.</param>
    public static ReloadPlan Between(SliceOptions running, SliceOptions loaded)
    {
        var changed = OptionTable.Keys.Where(key => key.Differs(running, loaded)).ToLookup(key => Waits(key, running, loaded));
        var effective = changed[false].Aggregate(running, (options, key) => key.With(options, key.Read(loaded)));
        return new ReloadPlan(effective, [.. changed[false]], [.. changed[true]]);
    }

    // Between http and https lies TLS, whose settings wait for a restart, so the addresses wait with them. What names things in a shared
    // cache waits, too: this instance would go on under the names of before, beside those that have begun with the new ones.
    private static bool Waits(OptionKey key, SliceOptions running, SliceOptions loaded) =>
        key.Reload == OptionReload.Restart
        || (key.Kind == OptionKind.OriginAddresses && running.UsesUpstreamTls != loaded.UsesUpstreamTls)
        || (running.SharedCache.Type != SharedCacheType.None && SharedCacheRealm.Keys.Contains(key.Name));
}
