using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Writes down what a store on disk holds, behind the requests: a change is a few bytes in a buffer, and a thread of its own
/// (<see cref="IndexWriter"/>) brings the buffer to the index a moment later. Thread-safe.
/// </summary>
/// <remarks>
/// A change is made in memory first and recorded second. The process may be killed at any moment: what was recorded up to a quarter of a
/// second before is known at the next start. The device is not waited for: when the power fails, what the kernel had not written is
/// missing. Whatever is missing or left over, the checksums of the slices keep wrong bytes from being served.
/// </remarks>
/// <param name="pending">Where the records wait for the writer; disposed with the journal.</param>
/// <param name="writer">The thread that writes them; disposed with the journal.</param>
/// <param name="purges">The purges of many objects.</param>
internal sealed class IndexJournal(PendingRecords pending, IndexWriter writer, PurgesInForce purges) : ISliceJournal, IPurgeJournal
{
    /// <inheritdoc/>
    /// <remarks>
    /// <para>
    /// The object is written with the slices it has, and the queue of each is read without the store's lock: taking that lock here would
    /// turn the order around, as the store holds its own while it calls <see cref="SliceStored"/>. Index and queue share one word, so what
    /// is read is one of the values that were written, and the index in it never changes.
    /// </para>
    /// <para>
    /// Thread A publishes. Thread B changes the queue of a slice under the store's lock and then, still under it, records the change; both
    /// record under our lock. When B's record comes second, the object is in the index by then and the record is written, so it repairs
    /// whatever A has read of a change half made: a slice that A has missed is named behind, one that A has named and that goes is taken
    /// back behind. When B's record comes first, the object is not in the index yet and the record is dropped; but B's change was made
    /// before, and taking our lock after B shows it to A.
    /// </para>
    /// <para>
    /// So every change of a queue must be followed by a record, or never be seen half made. Eviction passes over slices that are in use
    /// without a record: that is why <see cref="FifoQueue.Rotate"/> leaves them in their queue meanwhile.
    /// </para>
    /// <para>
    /// A purge of many objects is for those that are written before it. Thread A publishes what was asked for before a purge; thread B
    /// purges. B puts the purge in force first and records it second, A looks for purges under the lock of the records: when B's record
    /// comes first, A sees the purge here, and does not write what would come back at the next start.
    /// </para>
    /// </remarks>
    public void TenantPublished(ISliceTenant tenant)
    {
        var generation = (Generation)tenant;
        lock (pending.Lock)
        {
            if (StateOf(tenant) != IndexState.Unknown)
            {
                return;
            }

            var response = generation.Response;
            var verdict = purges.List.Judge(generation.Key.Bytes, response.Tags, generation.PurgesSeen, out var by);
            if (verdict == PurgeVerdict.Goes)
            {
                return;
            }

            SetState(tenant, IndexState.Written);
            if (pending.TryBeginUnsynchronized() is not { } buffer)
            {
                return;
            }

            int before = buffer.Length;
            IndexRecords.WriteObject(buffer, generation);
            if (verdict == PurgeVerdict.Expires)
            {
                IndexRecords.WriteFreshened(buffer, generation.Id, response.Expired(by!.At));
            }

            foreach (var slice in generation.Slices)
            {
                IndexRecords.WriteSlice(buffer, slice);
            }

            pending.EndUnsynchronized(before);
        }
    }

    /// <inheritdoc/>
    public void TenantChanged(ISliceTenant tenant) =>
        Record(tenant, static (buffer, tenant, _, _) => IndexRecords.WriteFreshened(buffer, (Generation)tenant));

    /// <inheritdoc/>
    /// <remarks>The slices need no records of their own any more.</remarks>
    public void TenantEnded(ISliceTenant tenant)
    {
        lock (pending.Lock)
        {
            bool wasWritten = StateOf(tenant) == IndexState.Written;
            SetState(tenant, IndexState.Ended);
            if (!wasWritten || pending.TryBeginUnsynchronized() is not { } buffer)
            {
                return;
            }

            int before = buffer.Length;
            IndexRecords.WriteObjectGone(buffer, tenant.Id);
            pending.EndUnsynchronized(before);
        }
    }

    /// <inheritdoc/>
    public void SliceStored(ISliceTenant tenant, StoredSlice slice) =>
        Record(tenant, static (buffer, _, slice, _) => IndexRecords.WriteSlice(buffer, slice!), slice);

    /// <inheritdoc/>
    public void SliceGone(ISliceTenant tenant, int sliceIndex)
    {
        if (!((Generation)tenant).IsRetired)
        {
            Record(
                tenant,
                static (buffer, tenant, _, sliceIndex) => IndexRecords.WriteSliceGone(buffer, tenant.Id, sliceIndex),
                slice: null,
                sliceIndex);
        }
    }

    /// <inheritdoc/>
    public void Purged(Purge purge) => Record(buffer => PurgeRecords.WritePurge(buffer, purge));

    /// <inheritdoc/>
    public void Swept(long number) => Record(buffer => PurgeRecords.WriteSwept(buffer, number));

    /// <inheritdoc/>
    public ValueTask<bool> FlushAsync() => pending.FlushAsync();

    /// <summary>Writes what is left, and that this was the end; then ends the thread.</summary>
    public void Dispose()
    {
        if (pending.TryClose())
        {
            writer.Dispose();
            pending.Dispose();
        }
    }

    private static IndexState StateOf(ISliceTenant tenant) => (IndexState)tenant.JournalNote;

    private static void SetState(ISliceTenant tenant, IndexState state) => tenant.JournalNote = (byte)state;

    private void Record(Action<RecordBuffer> write)
    {
        lock (pending.Lock)
        {
            if (pending.TryBeginUnsynchronized() is { } buffer)
            {
                int before = buffer.Length;
                write(buffer);
                pending.EndUnsynchronized(before);
            }
        }
    }

    private void Record(
        ISliceTenant tenant, Action<RecordBuffer, ISliceTenant, StoredSlice?, int> write, StoredSlice? slice = null, int sliceIndex = 0)
    {
        lock (pending.Lock)
        {
            // One that is not published yet is written with all it has when it is.
            if (StateOf(tenant) != IndexState.Written || pending.TryBeginUnsynchronized() is not { } buffer)
            {
                return;
            }

            int before = buffer.Length;
            write(buffer, tenant, slice, sliceIndex);
            pending.EndUnsynchronized(before);
        }
    }
}
