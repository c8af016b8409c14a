using Microsoft.Extensions.Logging;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Text;

namespace Slice.Host.Service;

/// <summary>
/// Opens the store that the configuration asks for, and tells what it finds and what becomes of it. A directory that cannot be used costs
/// no client an answer: then the store is in memory (B46).
/// </summary>
internal sealed partial class StoreFactory(ILogger<StoreFactory> logger)
{
    /// <summary>Opens it; the caller disposes it.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="index">Where the objects of an earlier run go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meter">Gets its figures.</param>
    /// <exception cref="IOException">Not even memory can be had.</exception>
    public SliceStore Open(SliceOptions options, ObjectIndex index, TimeProvider time, SliceMeter meter)
    {
        var store = (options.Store.OnDisk && options.EnableCache ? TryOpenOnDisk(options.Store, index, time) : null)
            ?? SliceStore.CreateInMemory(options.Store.MemorySizeBytes, time);
        store.TenantEmptied = index.RemoveEmptied;
        store.Writing.Changed = reason => WritingChanged(options.Store.Directory, reason);
        store.Growth.Changed = reason => GrowthChanged(store, options.Store, reason);
        store.JournalFaulted = error => LogIndexFaulted(options.Store.Directory, (int)DiskUse.Pause.TotalSeconds, error);
        store.HasBegunAnew = () => LogBegunAnew(options.Store.Directory);
        meter.Attach(new StoreSource
        {
            Slices = () => store.SliceCount,
            Objects = () => index.Count,
            UsedBytes = () => store.UsedBytes,
            CapacityBytes = () => store.CapacityBytes,
            AllocatedBytes = () => store.AllocatedBytes,
            OverflowBytes = () => store.OverflowBytes,
            IndexBytes = () => index.MemoryBytes,
            IsWritable = () => !store.Writing.IsStopped,
            IsPersistent = () => store.IsPersistent,
        });
        return store;
    }

    /// <summary>
    /// Size and place of a store in words. As it is, not as it was asked for: a directory that cannot be used leaves the cache in memory.
    /// </summary>
    public static string Describe(SliceOptions options, SliceStore store) =>
        !options.EnableCache ? "off"
        : store.IsPersistent ? $"{ReadableSize.Format(options.Store.DiskSizeBytes)} in {options.Store.Directory}"
        : $"{ReadableSize.Format(store.CapacityBytes)} in memory";

    private SliceStore? TryOpenOnDisk(CacheStoreOptions options, ObjectIndex index, TimeProvider time)
    {
        try
        {
            long startedAt = time.GetTimestamp();
            var store = StoreOpener.Open(options.Directory, options.DiskSizeBytes, index, time, out var recovered);
            if (recovered.Refusal is { } refusal)
            {
                LogRefused(refusal);
            }
            else if (recovered.Objects > 0 || recovered.DroppedSlices > 0)
            {
                string end = recovered.WasClosed ? "clean" : "unclean";
                long milliseconds = (long)time.GetElapsedTime(startedAt).TotalMilliseconds;
                LogLoaded(options.Directory, end, recovered.Objects, recovered.Slices, recovered.DroppedSlices, milliseconds);
            }

            return store;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogUnusable(options.Directory, options.MemorySizeBytes >> 20, Reason(error));
            return null;
        }
    }

    // Of a directory that cannot be made, the BCL says that it cannot be found, which the operator knows.
    private static string Reason(Exception error) =>
        error is FileNotFoundException or DirectoryNotFoundException ? "the directory cannot be made" : error.Message;

    private void WritingChanged(string directory, string? reason)
    {
        if (reason is null)
        {
            LogWritingResumed(directory);
        }
        else
        {
            LogWritingStopped(directory, (int)DiskUse.Pause.TotalSeconds, reason);
        }
    }

    private void GrowthChanged(SliceStore store, CacheStoreOptions options, string? reason)
    {
        if (reason is null)
        {
            LogGrowthResumed(options.Directory);
        }
        else
        {
            LogGrowthStopped(
                options.Directory, store.AllocatedBytes >> 20, options.DiskSizeBytes >> 20, (int)DiskUse.Pause.TotalSeconds, reason);
        }
    }

    [LoggerMessage(EventId = 40, EventName = "cache_loaded", Level = LogLevel.Information,
        Message = "the cache of an earlier run is used again: {directory} "
            + "last_stop={end} objects={objects} slices={slices} dropped={dropped} milliseconds={milliseconds}")]
    private partial void LogLoaded(string directory, string end, int objects, int slices, int dropped, long milliseconds);

    [LoggerMessage(EventId = 41, EventName = "cache_refused", Level = LogLevel.Warning,
        Message = "the cache of an earlier run cannot be used, starting with an empty one: {reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(EventId = 42, EventName = "cache_unusable", Level = LogLevel.Error,
        Message = "l2_cache_dir: {directory}: the cache directory cannot be used, caching in memory until the next start: "
            + "mebibytes={mebibytes} {reason}")]
    private partial void LogUnusable(string directory, long mebibytes, string reason);

    [LoggerMessage(EventId = 43, EventName = "cache_writing_stopped", Level = LogLevel.Error,
        Message = "the disk refuses writes; what is cached is served on, nothing is added: {directory} retry_seconds={seconds} {reason}")]
    private partial void LogWritingStopped(string directory, int seconds, string reason);

    [LoggerMessage(EventId = 44, EventName = "cache_writing_resumed", Level = LogLevel.Information,
        Message = "the disk takes writes again: {directory}")]
    private partial void LogWritingResumed(string directory);

    [LoggerMessage(EventId = 45, EventName = "cache_begun_anew", Level = LogLevel.Warning,
        Message = "files of the cache were removed under it; it has begun anew, empty: {directory}")]
    private partial void LogBegunAnew(string directory);

    [LoggerMessage(EventId = 46, EventName = "cache_growth_stopped", Level = LogLevel.Warning,
        Message = "there is no room for more of the cache, which stays as large as it is: "
            + "{directory} mebibytes={mebibytes} cache_size_mebibytes={capacity} retry_seconds={seconds} {reason}")]
    private partial void LogGrowthStopped(string directory, long mebibytes, long capacity, int seconds, string reason);

    [LoggerMessage(EventId = 47, EventName = "cache_growth_resumed", Level = LogLevel.Information,
        Message = "there is room for more of the cache again: {directory}")]
    private partial void LogGrowthResumed(string directory);

    [LoggerMessage(EventId = 48, EventName = "cache_index_faulted", Level = LogLevel.Error,
        Message = "the index of the cache is given up and written anew: {directory} retry_seconds={seconds}")]
    private partial void LogIndexFaulted(string directory, int seconds, Exception error);
}
