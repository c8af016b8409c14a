using System.Globalization;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Configuration;
using Slice.Host.Text;

namespace Slice.Host.Machine;

/// <summary>
/// Decides whether the cache is on disk where the configuration leaves that open, and how large a cache is that nobody has asked for.
/// </summary>
internal static class CacheTier
{
    /// <summary>
    /// The share of the free room that a cache takes which nobody has asked for; the rest is for whoever the room was free for. Arbitrary.
    /// </summary>
    private const int FreeShare = 2;

    /// <summary>The configuration with the tier decided.</summary>
    /// <param name="options">A valid configuration.</param>
    /// <param name="disks">Tells what there is.</param>
    /// <param name="notices">Gets lines to say at start-up.</param>
    public static SliceOptions Decide(SliceOptions options, IDisks disks, ICollection<Notice> notices)
    {
        var decided = options with { Store = Decide(options.Store, options.EnableCache, disks, notices) };
        if (decided is { EnableCache: true, Store.OnDisk: true } && SiblingsOf(decided.Store, disks) is { } siblings)
        {
            bool isForAll = decided.Store.DiskSizeBytes == options.Store.DiskSizeBytes;
            notices.Add(new("cache_size", DescribeSiblings(decided.Store, siblings, isForAll)));
        }

        return decided;
    }

    /// <summary>The directory that the default one is, or that holds it with <c>--port</c>; null for another.</summary>
    private static string? DefaultBaseOf(CacheStoreOptions store)
    {
        const string Default = CacheStoreOptions.DefaultDirectory;
        return store.Directory == Default || (IsOfInstance(store.Directory) && Path.GetDirectoryName(store.Directory) == Default)
            ? Default
            : null;
    }

    private static bool IsOfInstance(string directory) =>
        Path.GetFileName(directory).StartsWith(StoreLayout.InstancePrefix, StringComparison.Ordinal);

    private static CacheStoreOptions Decide(CacheStoreOptions store, bool isEnabled, IDisks disks, ICollection<Notice> notices)
    {
        if (store.OnDisk is not null || !isEnabled)
        {
            return store with { OnDisk = store.OnDisk == true };
        }

        if (DefaultBaseOf(store) is not { } directory)
        {
            // Whoever names a directory wants a cache there.
            return store with { OnDisk = true };
        }

        if (!disks.MayWrite(directory))
        {
            notices.Add(new(
                "enable_l2_cache",
                $"the cache is in memory: {directory}, the default directory of a cache on disk, is not there or may not be written",
                "enable_l2_cache: true or false says which is wanted"));
            return store with { OnDisk = false };
        }

        long bytes = SizeOf(store, directory, disks);
        if (bytes < 2L * StoreLayout.StepBytes)
        {
            notices.Add(new(
                "enable_l2_cache",
                $"the cache is in memory: there is little room in {directory}",
                "enable_l2_cache: true takes what there is"));
            return store with { OnDisk = false };
        }

        notices.Add(new(
            "enable_l2_cache",
            $"the cache is on disk, {ReadableSize.Format(bytes)} in {store.Directory}: the default directory is there and may be written",
            "cache_size changes the size, and enable_l2_cache: false keeps the cache in memory"));
        return store with { OnDisk = true, DiskSizeBytes = bytes };
    }

    // Of a size that was set nothing is taken off.
    private static long SizeOf(CacheStoreOptions store, string directory, IDisks disks)
    {
        if (store.DiskSizeBytes != CacheStoreOptions.DefaultDiskSizeBytes)
        {
            return store.DiskSizeBytes;
        }

        int instances = 1 + disks.InstancesIn(directory).Count(instance => instance != store.Directory);
        long roomBytes = disks.FreeBytes(directory) + disks.UsedBytes(store.Directory);
        long shareBytes = roomBytes / FreeShare / instances;
        return Math.Min(store.DiskSizeBytes, shareBytes - (shareBytes % StoreLayout.StepBytes));
    }

    private static string[]? SiblingsOf(CacheStoreOptions store, IDisks disks)
    {
        if (!IsOfInstance(store.Directory) || Path.GetDirectoryName(store.Directory) is not { } parent)
        {
            return null;
        }

        return [.. disks.InstancesIn(parent).Where(instance => instance != store.Directory).Select(instance => Path.GetFileName(instance))];
    }

    // A share of the free room is another one for each of them, and no sum of ours.
    private static string DescribeSiblings(CacheStoreOptions store, string[] siblings, bool isForAll)
    {
        string own = ReadableSize.Format(store.DiskSizeBytes);
        string rest = siblings.Length == 0 ? ""
            : !isForAll ? $"; beside {string.Join(", ", siblings)}"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"; with {string.Join(", ", siblings)} beside it up to {ReadableSize.Format(store.DiskSizeBytes * (siblings.Length + 1))}");
        return $"cache_size is for each instance: {own} for {Path.GetFileName(store.Directory)}{rest}";
    }
}
