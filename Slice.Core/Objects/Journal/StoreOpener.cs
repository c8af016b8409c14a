using Slice.Core.Caching;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Opens a store on disk with what an earlier process has left there, and a journal for the next; or moves one in memory there later.
/// </summary>
public static class StoreOpener
{
    /// <summary>
    /// A store in its directory, which is created when missing and locked against other processes, with what an earlier process has left
    /// there; or one in memory that waits for the directory.
    /// </summary>
    /// <param name="opening">What it is to be.</param>
    /// <param name="index">Where the objects go that are found; the index of this store alone.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="CacheDirectoryException">The directory cannot be used, and is required.</exception>
    /// <exception cref="IOException">The kernel gives no memory file.</exception>
    public static OpenedStore Open(StoreOpening opening, ObjectIndex index, TimeProvider time)
    {
        var room = DirectoryRoom.Of(opening.Directory, opening.DiskBytes);
        int lockAttempts = opening.WaitsForLock ? 1 : CacheDirectory.DefaultLockAttempts;
        try
        {
            var store = Open(room, index, time, out var recovered, SliceStore.DefaultOverflowBytes, lockAttempts);
            return new OpenedStore(store, recovered, MoveIn: null);
        }
        catch (CacheDirectoryException problem) when (MayWait(opening, problem))
        {
            var store = SliceStore.CreateInMemory(opening.MemoryBytes, time);
            var moveIn = new StoreMoveIn(
                () => MoveIn(store, room, index, isFirst: false, lockAttempts: 1), problem, opening.WaitsForLock, time);
            store.Waiting = moveIn;
            return new OpenedStore(store, Recovered: null, moveIn);
        }
    }

    /// <summary>A store in its directory, with what an earlier process has left there. The caller disposes it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="capacityBytes">Most bytes that it takes of the disk, with its journal (<see cref="StoreLayout.JournalBytes"/>); what is
    /// there beyond it goes.</param>
    /// <param name="index">Where the objects go that are found; from then on the index of this store alone.</param>
    /// <param name="time">The clock.</param>
    /// <param name="recovered">What was found.</param>
    /// <param name="overflowBytes">Most bytes of memory for slices that it cannot keep, because the disk refuses for instance; 0 to 1
    /// GiB.</param>
    /// <exception cref="CacheDirectoryException">The directory cannot be used; the message says why, and what mends it.</exception>
    public static SliceStore Open(
        string path,
        long capacityBytes,
        ObjectIndex index,
        TimeProvider time,
        out RecoveredIndex recovered,
        int overflowBytes = SliceStore.DefaultOverflowBytes) =>
        Open(DirectoryRoom.Of(path, capacityBytes), index, time, out recovered, overflowBytes);

    /// <summary>The same, with so many bytes for slices alone, and an index that may be written anew earlier than it is worth.</summary>
    internal static SliceStore Open(
        string path,
        long capacityBytes,
        ObjectIndex index,
        TimeProvider time,
        long minRewriteBytes,
        out RecoveredIndex recovered,
        int overflowBytes = SliceStore.DefaultOverflowBytes,
        long journalBytes = long.MaxValue) =>
        Open(new DirectoryRoom(path, capacityBytes, journalBytes, minRewriteBytes), index, time, out recovered, overflowBytes);

    /// <summary>Moves a store from memory into a directory. After an exception the store is where it was.</summary>
    /// <exception cref="CacheDirectoryException">The directory cannot be used.</exception>
    internal static RecoveredIndex MoveIn(SliceStore store, DirectoryRoom room, ObjectIndex index, bool isFirst, int lockAttempts)
    {
        var directory = CacheDirectory.Open(room.Path, lockAttempts);
        StoreRecovery? recovery = null;
        try
        {
            recovery = StoreRecovery.Read(store, directory, room.SliceBytes, keepsIds: isFirst, Instant.Now(store.Time));
            SegmentFile[] segments =
                recovery.Segments.Count > 0 ? [.. recovery.Segments] : [SegmentSet.CreateFirst(store, directory, room.SliceBytes)];
            return Settle(store, room, index, directory, recovery, segments, isFirst);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            recovery?.Discard();
            var problem = CacheDirectoryDiagnosis.Of(room.Path, error, directory.Shown);
            directory.Dispose();
            throw problem;
        }
        catch
        {
            recovery?.Discard();
            directory.Dispose();
            throw;
        }
    }

    private static bool MayWait(StoreOpening opening, CacheDirectoryException problem) =>
        !opening.IsRequired || (opening.WaitsForLock && problem.Cause == CacheDirectoryCause.InUse);

    private static SliceStore Open(
        DirectoryRoom room,
        ObjectIndex index,
        TimeProvider time,
        out RecoveredIndex recovered,
        int overflowBytes,
        int lockAttempts = CacheDirectory.DefaultLockAttempts)
    {
        var store = new SliceStore(room.SliceBytes, time, overflowBytes);
        try
        {
            recovered = MoveIn(store, room, index, isFirst: true, lockAttempts);
            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    // The order matters. From BeginMove on nothing is put into memory, and changes are told to the journal, whose thread waits; purges of
    // many objects, too. Then what was found is published, and what this run has is told to the journal: the index that it writes has both,
    // held against the purges of this run, so that none of these needs a record. Only then are the new segments allocated from, their
    // extents that are in use being taken, and last goes what lies in memory, as it can be stored anew.
    private static RecoveredIndex Settle(
        SliceStore store,
        DirectoryRoom room,
        ObjectIndex index,
        CacheDirectory directory,
        StoreRecovery recovery,
        SegmentFile[] segments,
        bool isFirst)
    {
        index.BoundJournal(IndexFiles.MaxLiveBytes(room.JournalBytes));
        var pending = new PendingRecords();
        var files = new IndexFiles(directory, current: null, room.JournalBytes);
        var writer = new IndexWriter(pending, files, index, store.Writing, store.Time)
        {
            MinRewriteBytes = room.MinRewriteBytes,
            AreFilesInPlace = () => store.AreFilesInPlace,
            BeginAnew = () => store.BeginAnew(index.Clear),
            Faulted = error => store.JournalFaulted?.Invoke(error),
        };
        var journal = new IndexJournal(pending, writer, index.Purges);
        var left = store.BeginMove(journal);
        index.Purges.Journal = journal;
        var recovered = recovery.Publish(index);
        store.WasClosed = recovered.WasClosed;
        if (recovery.OpenIndex is { } file)
        {
            files.GoOnWith(file);
        }

        foreach (var generation in isFirst ? [] : index.Generations)
        {
            // Those that were found are in it already.
            journal.TenantPublished(generation);
        }

        store.CompleteMove(directory, segments, room.SliceBytes);
        store.LeaveMemory(left);
        writer.Start();
        return recovered;
    }
}
