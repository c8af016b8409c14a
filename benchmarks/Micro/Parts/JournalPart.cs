using Slice.Core.Objects;
using Slice.Core.Objects.Journal;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>One record of a slice, put before the thread that writes it. There is no such thread here: the records are forgotten.</summary>
internal sealed class JournalPart : IHotPathPart, IDisposable
{
    // Far below what would wake the writer for their number.
    private const int RecordsKept = 4096;

    private readonly WarmInstance _instance = new();
    private readonly PendingRecords _pending = new();
    private readonly IndexJournal _journal;
    private int _records;

    public JournalPart()
    {
        _journal = new IndexJournal(_pending, writer: null!, new PurgesInForce());
        _journal.TenantPublished(_instance.Generation);
    }

    /// <inheritdoc/>
    public void Run()
    {
        if (++_records % RecordsKept == 0)
        {
            Forget();
        }

        _journal.SliceStored(_instance.Generation, _instance.Slice);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pending.Dispose();
        _instance.Dispose();
    }

    private void Forget()
    {
        lock (_pending.Lock)
        {
            var buffer = _pending.TryBeginUnsynchronized();
            if (buffer is not { Length: > 0 and < PendingRecords.HurryBytes })
            {
                throw new InvalidOperationException("Nothing was recorded.");
            }

            buffer.Clear(PendingRecords.HurryBytes);
        }
    }
}
