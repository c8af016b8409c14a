using Microsoft.Extensions.Logging;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Text;
using Slice.Net.Handlers;

namespace Slice.Host.Service;

/// <summary>
/// Opens the store that the configuration asks for, and tells what it finds and what becomes of it. A directory that cannot be used ends
/// the start (B70), unless it is not required: then the store is in memory until the directory can be used.
/// </summary>
internal sealed partial class StoreFactory(ILogger<StoreFactory> logger)
{
    private static readonly string s_pause = DurationText.Format(DiskUse.Pause);

    private StoreMoveIn? _moveIn;

    /// <summary>Opens it; the caller disposes it. Called once.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="index">Where the objects of an earlier run go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="meter">Gets its figures.</param>
    /// <exception cref="CacheDirectoryException">The directory cannot be used, and is required.</exception>
    /// <exception cref="IOException">Not even memory can be had.</exception>
    public SliceStore Open(SliceOptions options, ObjectIndex index, TimeProvider time, SliceMeter meter)
    {
        var store = options.EnableCache && options.Store.OnDisk == true
            ? OpenOnDisk(options.Store, index, time)
            : SliceStore.CreateInMemory(options.Store.MemorySizeBytes, time);
        store.TenantEmptied = index.RemoveEmptied;
        store.Writing.Changed = reason => WritingChanged(options.Store.Directory, reason);
        store.Growth.Changed = reason => GrowthChanged(store, options.Store, reason);
        store.JournalFaulted = error => LogIndexFaulted(options.Store.Directory, s_pause, error);
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
            IsDirectoryUnusable = () => _moveIn?.Problem is not null,
        });
        _moveIn?.Start();
        return store;
    }

    /// <summary>Where the store of an instance is now, for <c>/health</c>.</summary>
    /// <param name="options">The configuration of the instance.</param>
    /// <param name="store">Its store.</param>
    /// <param name="isForOperators">Whether only operators read it: paths, users and processes of this machine are nobody else's
    /// business.</param>
    public CacheHealth HealthOf(SliceOptions options, SliceStore store, bool isForOperators)
    {
        if (!options.EnableCache || store.IsPersistent)
        {
            return options.EnableCache ? CacheHealth.OnDisk : CacheHealth.Off;
        }

        return CacheHealth.InMemory(
            _moveIn?.Problem is not { } problem ? null
            : options.Store.WaitsForLock && problem.Cause == CacheDirectoryCause.InUse ? Waiting(problem.Path, isForOperators)
            : isForOperators ? problem.Message
            : InShort(problem.Cause));
    }

    // "Stop that process", as for any other that has the directory, would cut the downloads that an upgrade is to leave alone.
    private static string Waiting(string directory, bool isForOperators)
    {
        string who = isForOperators && CacheDirectoryDiagnosis.HolderOf(directory) is { } holder ? $" ({holder})" : "";
        return $"the process before{who} finishes its downloads and has the cache directory until then; there is nothing to do";
    }

    /// <summary>
    /// Size and place of a store in words. As it is, not as it was asked for: a directory that cannot be used may leave the cache in
    /// memory.
    /// </summary>
    public static string Describe(SliceOptions options, SliceStore store) =>
        !options.EnableCache ? "off"
        : store.IsPersistent ? $"{ReadableSize.Format(options.Store.DiskSizeBytes)} in {options.Store.Directory}"
        : $"{ReadableSize.Format(store.CapacityBytes)} in memory";

    private SliceStore OpenOnDisk(CacheStoreOptions options, ObjectIndex index, TimeProvider time)
    {
        long startedAt = time.GetTimestamp();
        var opening = new StoreOpening
        {
            Directory = options.Directory,
            DiskBytes = options.DiskSizeBytes,
            MemoryBytes = options.MemorySizeBytes,
            IsRequired = options.IsDirectoryRequired,
            WaitsForLock = options.WaitsForLock,
        };
        var opened = StoreOpener.Open(opening, index, time);
        if (opened.Recovered is { } recovered)
        {
            TellRecovered(options.Directory, recovered, time.GetElapsedTime(startedAt));
        }

        if (opened.MoveIn is { Problem: { } problem } moveIn)
        {
            _moveIn = moveIn;
            moveIn.Moved = found => Moved(options, found);
            moveIn.ProblemChanged = another => TellUnusable(moveIn, another);
            moveIn.Faulted = error => LogMoveInFaulted(options.Directory, DurationText.Format(moveIn.NextIn), error);
            TellUnusable(moveIn, problem);
        }

        return opened.Store;
    }

    private void Moved(CacheStoreOptions options, RecoveredIndex found)
    {
        string size = ReadableSize.Format(options.DiskSizeBytes);
        LogMovedIn(options.Directory, size, found.Objects, found.Slices);
        if (found.Refusal is { } refusal)
        {
            LogRefused(refusal);
        }
    }

    private void TellRecovered(string directory, RecoveredIndex recovered, TimeSpan took)
    {
        if (recovered.Refusal is { } refusal)
        {
            LogRefused(refusal);
        }
        else if (recovered.Objects > 0 || recovered.DroppedSlices > 0)
        {
            string end = recovered.WasClosed ? "clean" : "unclean";
            LogLoaded(
                directory, end, recovered.Objects, recovered.Slices, recovered.DroppedSlices, (long)took.TotalMilliseconds);
        }
    }

    private void TellUnusable(StoreMoveIn moveIn, CacheDirectoryException problem)
    {
        string retry = DurationText.Format(moveIn.NextIn);
        if (moveIn.NextIn == StoreMoveIn.LockInterval)
        {
            // The other process is the one that this one takes over from.
            LogWaitsForLock(problem.Path, retry);
        }
        else
        {
            LogUnusable(retry, problem.Message);
        }
    }

    private static string InShort(CacheDirectoryCause cause) => cause switch
    {
        CacheDirectoryCause.CannotBeMade => "the cache directory cannot be made",
        CacheDirectoryCause.NotADirectory => "a file is in the place of the cache directory",
        CacheDirectoryCause.NoPermission => "the cache directory may not be written",
        CacheDirectoryCause.ReadOnly => "the cache directory is read-only",
        CacheDirectoryCause.NoRoom => "there is no room for the cache",
        CacheDirectoryCause.ForeignFiles => "the cache directory has other files in it",
        CacheDirectoryCause.InUse => "the cache directory is in use by another process",
        _ => "the cache directory cannot be used",
    };

    private void WritingChanged(string directory, string? reason)
    {
        if (reason is null)
        {
            LogWritingResumed(directory);
        }
        else
        {
            LogWritingStopped(directory, s_pause, reason);
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
            string size = InMebibytes(store.AllocatedBytes);
            string limit = InMebibytes(options.DiskSizeBytes);
            LogGrowthStopped(options.Directory, size, limit, s_pause, reason);
        }
    }

    // What is below a mebibyte tells nobody anything.
    private static string InMebibytes(long bytes) => ByteSizeText.Format(bytes >> 20 << 20);

    [LoggerMessage(EventId = 40, EventName = "cache_loaded", Level = LogLevel.Information,
        Message = "the cache of an earlier run is used again: {directory} "
            + "last_stop={end} objects={objects} slices={slices} dropped={dropped} milliseconds={milliseconds}")]
    private partial void LogLoaded(string directory, string end, int objects, int slices, int dropped, long milliseconds);

    [LoggerMessage(EventId = 41, EventName = "cache_refused", Level = LogLevel.Warning,
        Message = "the cache of an earlier run cannot be used, starting with an empty one: {reason}")]
    private partial void LogRefused(string reason);

    [LoggerMessage(EventId = 42, EventName = "cache_unusable", Level = LogLevel.Error,
        Message = "the cache directory cannot be used; the cache is in memory until it can: "
            + "{retry} {problem}")]
    private partial void LogUnusable(string retry, string problem);

    [LoggerMessage(EventId = 120, EventName = "cache_waits", Level = LogLevel.Information,
        Message = "the process before has the cache directory still; the cache is in memory until it lets go: "
            + "{directory} {retry}")]
    private partial void LogWaitsForLock(string directory, string retry);

    [LoggerMessage(EventId = 121, EventName = "cache_moved_in", Level = LogLevel.Information,
        Message = "the cache directory can be used; the cache is on disk from now on: {directory} {size} "
            + "objects={objects} slices={slices}")]
    private partial void LogMovedIn(string directory, string size, int objects, int slices);

    [LoggerMessage(EventId = 122, EventName = "cache_move_in_faulted", Level = LogLevel.Error,
        Message = "the cache could not move into its directory and stays in memory: {directory} {retry}")]
    private partial void LogMoveInFaulted(string directory, string retry, Exception error);

    [LoggerMessage(EventId = 43, EventName = "cache_writing_stopped", Level = LogLevel.Error,
        Message = "the disk refuses writes; what is cached is served on, nothing is added: {directory} {retry} {reason}")]
    private partial void LogWritingStopped(string directory, string retry, string reason);

    [LoggerMessage(EventId = 44, EventName = "cache_writing_resumed", Level = LogLevel.Information,
        Message = "the disk takes writes again: {directory}")]
    private partial void LogWritingResumed(string directory);

    [LoggerMessage(EventId = 45, EventName = "cache_begun_anew", Level = LogLevel.Warning,
        Message = "files of the cache were removed, or its directory was replaced, under it; it has begun anew, empty: {directory}")]
    private partial void LogBegunAnew(string directory);

    [LoggerMessage(EventId = 46, EventName = "cache_growth_stopped", Level = LogLevel.Warning,
        Message = "there is no room for more of the cache, which stays as large as it is: "
            + "{directory} {size} {limit} {retry} {reason}")]
    private partial void LogGrowthStopped(string directory, string size, string limit, string retry, string reason);

    [LoggerMessage(EventId = 47, EventName = "cache_growth_resumed", Level = LogLevel.Information,
        Message = "there is room for more of the cache again: {directory}")]
    private partial void LogGrowthResumed(string directory);

    [LoggerMessage(EventId = 48, EventName = "cache_index_faulted", Level = LogLevel.Error,
        Message = "the index of the cache is given up and written anew: {directory} {retry}")]
    private partial void LogIndexFaulted(string directory, string retry, Exception error);
}
