using Slice.Core.Caching;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>Opens a store on disk with what an earlier process has left there, and a journal for the next.</summary>
public static class StoreOpener
{
    /// <summary>
    /// A store in <paramref name="path"/>, which is created when missing and locked against other processes, with what an earlier process
    /// has left there. The caller disposes it.
    /// </summary>
    /// <param name="path">The directory.</param>
    /// <param name="capacityBytes">Most bytes that it takes of the disk, with its journal (<see cref="StoreLayout.JournalBytes"/>); what is
    /// there beyond it goes.</param>
    /// <param name="index">Where the objects go that are found; from then on the index of this store alone.</param>
    /// <param name="time">The clock.</param>
    /// <param name="recovered">What was found.</param>
    /// <param name="overflowBytes">Most bytes of memory for slices that it cannot keep, because the disk refuses for instance; 0 to 1
    /// GiB.</param>
    /// <exception cref="IOException">The directory is in use, full, or cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission; the message names the path.</exception>
    public static SliceStore Open(
        string path,
        long capacityBytes,
        ObjectIndex index,
        TimeProvider time,
        out RecoveredIndex recovered,
        int overflowBytes = SliceStore.DefaultOverflowBytes) =>
        Open(
            path,
            capacityBytes - StoreLayout.JournalBytes(capacityBytes),
            index,
            time,
            IndexWriter.DefaultMinRewriteBytes,
            out recovered,
            overflowBytes,
            StoreLayout.JournalBytes(capacityBytes));

    /// <summary>The same, with so many bytes for slices alone, and an index that may be written anew earlier than it is worth.</summary>
    internal static SliceStore Open(
        string path,
        long capacityBytes,
        ObjectIndex index,
        TimeProvider time,
        long minRewriteBytes,
        out RecoveredIndex recovered,
        int overflowBytes = SliceStore.DefaultOverflowBytes,
        long journalBytes = long.MaxValue)
    {
        index.BoundJournal(IndexFiles.MaxLiveBytes(journalBytes));
        var directory = CacheDirectory.Open(path);
        SliceStore? store = null;
        try
        {
            store = new SliceStore(capacityBytes, directory, time, overflowBytes);
            recovered = StoreRecovery.Recover(store, directory, index, Instant.Now(time), out var file);
            store.Segments.EnsureFirst();
            var pending = new PendingRecords();
            var writer = new IndexWriter(pending, new IndexFiles(directory, file, journalBytes), index, store.Writing, time)
            {
                MinRewriteBytes = minRewriteBytes,
                AreFilesInPlace = () => store.AreFilesInPlace,
                BeginAnew = () => store.BeginAnew(index.Clear),
                Faulted = error => store.JournalFaulted?.Invoke(error),
            };
            var journal = new IndexJournal(pending, writer, index.Purges);
            store.ReportTo(journal);
            index.Purges.Journal = journal;
            writer.Start();
            return store;
        }
        catch
        {
            store?.Dispose();
            directory.Dispose();
            throw;
        }
    }
}
