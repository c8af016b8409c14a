using System.Globalization;
using Slice.Core.Options;
using Slice.Core.Storage;

namespace Slice.Host.Machine;

/// <summary>
/// Makes a configuration fit the machine before anything is built after it: a promise that the kernel will not keep fails under load, at
/// the worst time (B55). Pure.
/// </summary>
internal static class OptionFit
{
    // The runtime, its heap, stacks and libraries: 102 mappings measured after a start, the rest for threads under load.
    private const int OtherMaps = 2048;

    // OptionTable's least size of a cache in memory.
    private const long LeastMemoryBytes = 16 << 20;

    /// <summary>The configuration with what does not fit lowered.</summary>
    /// <param name="options">A valid configuration.</param>
    /// <param name="machine">What the machine allows.</param>
    /// <param name="lowered">Gets a line for each key that is in use and was lowered by more than a hair.</param>
    public static SliceOptions Apply(SliceOptions options, MachineLimits machine, ICollection<LoweredOption> lowered)
    {
        bool isOnDisk = options is { EnableCache: true, Store.OnDisk: true };
        options = FitMemory(options, machine.MemoryBytes, isOnDisk ? [] : lowered);
        options = FitSegments(options, machine, isOnDisk, lowered);
        return FitConnections(options, machine.Descriptors, isOnDisk, lowered);
    }

    // A cache on disk whose directory cannot be used is in memory, so that size has to fit too.
    private static SliceOptions FitMemory(SliceOptions options, long? limitBytes, ICollection<LoweredOption> lowered)
    {
        // A quarter is for connections, the index and the runtime.
        long most = Math.Max(LeastMemoryBytes, (limitBytes ?? long.MaxValue) / 4 * 3 >> 20 << 20);
        long configured = options.Store.MemorySizeBytes;
        if (configured <= most)
        {
            return options;
        }

        string limit = ByteSizeText.Format(limitBytes!.Value);
        lowered.Add(NewSize("l1_cache_size_bytes", configured, most, $"the memory limit of the cgroup is {limit}"));
        return options with { Store = options.Store with { MemorySizeBytes = most } };
    }

    // Each segment has a descriptor and a mapping. At most half of the descriptors are for segments, the rest for clients.
    private static SliceOptions FitSegments(
        SliceOptions options, MachineLimits machine, bool isOnDisk, ICollection<LoweredOption> lowered)
    {
        int byMaps = machine.Maps is { } maps ? maps - Math.Min(OtherMaps, maps / 2) : int.MaxValue;
        int byDescriptors = machine.Descriptors / 2;
        int most = Math.Max(1, Math.Min(byMaps, byDescriptors));
        if (SegmentsOf(options, isOnDisk) <= most)
        {
            return options;
        }

        string reason = byMaps < byDescriptors
            ? Invariant($"vm.max_map_count is {machine.Maps}, and each GiB is a mapping")
            : Invariant($"{LimitOf(machine.Descriptors)}, and each GiB takes a file descriptor");
        long bytes = (long)most * StoreLayout.MaxSegmentBytes;
        var store = options.Store;
        lowered.Add(isOnDisk
            ? NewSize("cache_size", store.DiskSizeBytes, bytes, reason)
            : NewSize("l1_cache_size_bytes", store.MemorySizeBytes, bytes, reason));
        return options with
        {
            Store = isOnDisk ? store with { DiskSizeBytes = bytes } : store with { MemorySizeBytes = bytes },
        };
    }

    private static SliceOptions FitConnections(
        SliceOptions options, int descriptors, bool isOnDisk, ICollection<LoweredOption> lowered)
    {
        int segments = SegmentsOf(options, isOnDisk);
        int reserve = DescriptorShares.Reserve(descriptors);
        int most = Math.Max(1, (descriptors - segments - reserve) / 2);
        int configured = options.Limits.MaxConnections;
        if (configured <= most)
        {
            return options;
        }

        // One percent less is no news: nobody counts connections so closely, and 20,000 descriptors are a common limit for 10,000 of them.
        if (configured - most > configured / 100)
        {
            lowered.Add(new LoweredOption(
                "limits.max_connections",
                Invariant($"{configured}"),
                Invariant($"{most}"),
                Invariant($"{LimitOf(descriptors)}: two for each connection, {segments} for segments, {reserve} in reserve")));
        }

        return options with { Limits = options.Limits with { MaxConnections = most } };
    }

    private static int SegmentsOf(SliceOptions options, bool isOnDisk)
    {
        long bytes = isOnDisk ? options.Store.DiskSizeBytes : options.Store.MemorySizeBytes;
        return (int)((bytes + StoreLayout.MaxSegmentBytes - 1) / StoreLayout.MaxSegmentBytes);
    }

    private static string LimitOf(int descriptors) =>
        Invariant($"the limit of file descriptors (RLIMIT_NOFILE, systemd's LimitNOFILE) is {descriptors}");

    private static LoweredOption NewSize(string key, long configured, long used, string reason) =>
        new(key, ByteSizeText.Format(configured), ByteSizeText.Format(used), reason);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
