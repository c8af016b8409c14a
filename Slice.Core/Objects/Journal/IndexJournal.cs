using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Writes down what a store on disk holds, behind the requests: a change is a few bytes in a buffer, and a thread of its own
/// (<see cref="IndexWriter"/>) brings the buffer to the index a moment later. Thread-safe.
/// </summary>
/// <remarks>
/// A change is made in memory first and recorded second. The process may be killed at any moment: what was recorded up to a quarter of a second
/// before is known at the next start. The device is not waited for: when the power fails, what the kernel had not written is missing. Whatever is
/// missing or left over, the checksums of the slices keep wrong bytes from being served.
/// </remarks>
/// <param name="pending">Where the records wait for the writer; disposed with the journal.</param>
/// <param name="writer">The thread that writes them; disposed with the journal.</param>
internal sealed class IndexJournal(PendingRecords pending, IndexWriter writer) : ISliceJournal
{
    /// <inheritdoc/>
    /// <remarks>The object is written with the slices it has.</remarks>
    public void TenantPublished(ISliceTenant tenant)
    {
        var generation = (Generation)tenant;
        lock (pending.Lock)
        {
            if (StateOf(tenant) != IndexState.Unknown)
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
            foreach (var slice in generation.Slices)
            {
                if (slice.Queue is SliceQueue.Small or SliceQueue.Main)
                {
                    IndexRecords.WriteSlice(buffer, slice);
                }
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
            Record(tenant, static (buffer, tenant, _, sliceIndex) => IndexRecords.WriteSliceGone(buffer, tenant.Id, sliceIndex), slice: null, sliceIndex);
        }
    }

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
