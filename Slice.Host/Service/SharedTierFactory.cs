using System.Globalization;
using Microsoft.Extensions.Logging;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Net.SharedCache.Files;
using Slice.Net.SharedCache.Memcached;
using Slice.Net.SharedCache.Redis;

namespace Slice.Host.Service;

/// <summary>Opens the tier that the configuration says instances share.</summary>
internal static class SharedTierFactory
{
    /// <summary>The tier, which is asked from now on as soon as it answers; null where the configuration has none.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="store">The store to use; null to open the one of the configuration.</param>
    /// <param name="index">What is stored here.</param>
    /// <param name="local">Where it is stored.</param>
    /// <param name="loggers">Makes its log.</param>
    /// <param name="time">The clock.</param>
    public static SharedTier? Open(
        SliceOptions options, IKeyValueStore? store, ObjectIndex index, SliceStore local, ILoggerFactory loggers, TimeProvider time)
    {
        store ??= OpenStore(options.SharedCache, time);
        if (store is null)
        {
            return null;
        }

        var log = new SharedTierLog(loggers.CreateLogger<SharedTierLog>(), store.Name);
        var stale = new StaleDefaults(options.CacheStaleWhileRevalidate, options.CacheStaleIfError);
        var tier = new SharedTier(
            store, options.SharedCache, SharedCacheRealm.Of(options), NameOf(options), index, stale, time, local);
        tier.Fleet.StateChanged = log.StateChanged;
        tier.Fleet.NewsLost = log.NewsLost;
        tier.Fleet.PurgeHeard = log.PurgeHeard;
        tier.ServerChanged = log.ServerChanged;
        tier.WritesChanged = log.WritesChanged;
        tier.ReadsChanged = log.ReadsChanged;
        index.Changed = tier.Changed;
        index.LearnedAlone = tier.LearnedAlone;
        index.Invalidated = tier.Removed;
        tier.Start();
        return tier;
    }

    /// <summary>The store of the configuration; null where there is none.</summary>
    public static IKeyValueStore? OpenStore(SharedCacheOptions options, TimeProvider time) => options.Type switch
    {
        SharedCacheType.Redis => new RedisStore(options, time),
        SharedCacheType.Memcached => new MemcachedStore(options, time),
        SharedCacheType.Directory => new DirectoryStore(options, time),
        _ => null,
    };

    /// <summary>The same for somebody who only looks, and must not leave anything there.</summary>
    public static IKeyValueStore? OpenToLook(SharedCacheOptions options, TimeProvider time) =>
        options.Type == SharedCacheType.Directory ? new DirectoryStore(options, time, laysOut: false) : OpenStore(options, time);

    // For people who look at the fleet.
    private static string NameOf(SliceOptions options) => string.Create(
        CultureInfo.InvariantCulture, $"{Environment.MachineName} {options.ListenAddress}");
}
