using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// The stored slices of one generation by index, in chunks that are made when first written: an object of a terabyte of which one
/// slice is stored costs one chunk. Lock-free and thread-safe; every change is one compare-and-swap of one slot.
/// </summary>
internal sealed class SliceTable
{
    // 32 slots: slices that lie scattered over a large object cost 280 bytes each at most, and the pointers a quarter of a byte per slot.
    private const int ChunkShift = 5;
    private const int ChunkSize = 1 << ChunkShift;

    private readonly StoredSlice?[]?[] _chunks;
    private readonly int _sliceCount;
    private int _stored;

    public SliceTable(int sliceCount)
    {
        _sliceCount = sliceCount;
        _chunks = new StoredSlice?[]?[(sliceCount + ChunkSize - 1) >> ChunkShift];
    }

    /// <summary>Slices in the table now.</summary>
    public int Stored => Volatile.Read(ref _stored);

    /// <summary>The slice at an index, or null.</summary>
    public StoredSlice? Find(int sliceIndex)
    {
        var chunk = Volatile.Read(ref _chunks[sliceIndex >> ChunkShift]);
        return chunk is null ? null : Volatile.Read(ref chunk[sliceIndex & (ChunkSize - 1)]);
    }

    /// <summary>The slices in the table, in order; a change meanwhile may be seen or not.</summary>
    public IEnumerable<StoredSlice> All
    {
        get
        {
            for (int chunkIndex = 0; chunkIndex < _chunks.Length; chunkIndex++)
            {
                var chunk = Volatile.Read(ref _chunks[chunkIndex]);
                for (int slot = 0; chunk is not null && slot < chunk.Length; slot++)
                {
                    if (Volatile.Read(ref chunk[slot]) is { } slice)
                    {
                        yield return slice;
                    }
                }
            }
        }
    }

    /// <summary>
    /// How many of the <paramref name="count"/> slices from <paramref name="first"/> on are in the table now; a change meanwhile may be
    /// counted or not.
    /// </summary>
    /// <param name="first">First index, inside the table like the last one.</param>
    /// <param name="count">How many indexes.</param>
    /// <param name="looks">Slots and missing chunks that were looked at: none for the whole table, and otherwise at most half of the slots,
    /// as the shorter side is counted, those of the range or those outside.</param>
    public int CountStored(int first, int count, out int looks)
    {
        looks = 0;
        int stored = Stored;
        if (stored == 0 || count == 0)
        {
            return 0;
        }

        if (count <= _sliceCount / 2)
        {
            return CountSlots(first, first + count, ref looks);
        }

        // A slot changes before the number does, and both while we look: a difference that leaves its bounds is one of that moment.
        int outside = CountSlots(0, first, ref looks) + CountSlots(first + count, _sliceCount, ref looks);
        return Math.Clamp(stored - outside, 0, count);
    }

    /// <summary>Puts a slice where none is; false when there is one.</summary>
    public bool TryAdd(int sliceIndex, StoredSlice slice)
    {
        if (Interlocked.CompareExchange(ref SlotOf(sliceIndex), slice, null) is not null)
        {
            return false;
        }

        Interlocked.Increment(ref _stored);
        return true;
    }

    /// <summary>Takes exactly this slice out; true for the one caller that did.</summary>
    public bool TryRemove(int sliceIndex, StoredSlice slice)
    {
        if (Interlocked.CompareExchange(ref SlotOf(sliceIndex), null, slice) != slice)
        {
            return false;
        }

        Interlocked.Decrement(ref _stored);
        return true;
    }

    /// <summary>Takes every slice out, handing each to <paramref name="removed"/>.</summary>
    public void Clear(Action<StoredSlice> removed)
    {
        for (int chunkIndex = 0; chunkIndex < _chunks.Length; chunkIndex++)
        {
            var chunk = Volatile.Read(ref _chunks[chunkIndex]);
            for (int slot = 0; chunk is not null && slot < chunk.Length; slot++)
            {
                if (Interlocked.Exchange(ref chunk[slot], null) is { } slice)
                {
                    Interlocked.Decrement(ref _stored);
                    removed(slice);
                }
            }
        }
    }

    private int CountSlots(int first, int end, ref int looks)
    {
        int stored = 0;
        while (first < end)
        {
            int chunkIndex = first >> ChunkShift;
            int chunkEnd = Math.Min(end, (chunkIndex + 1) << ChunkShift);
            var chunk = Volatile.Read(ref _chunks[chunkIndex]);
            looks += chunk is null ? 1 : chunkEnd - first;
            for (int index = first; chunk is not null && index < chunkEnd; index++)
            {
                stored += Volatile.Read(ref chunk[index & (ChunkSize - 1)]) is null ? 0 : 1;
            }

            first = chunkEnd;
        }

        return stored;
    }

    private ref StoredSlice? SlotOf(int sliceIndex)
    {
        int chunkIndex = sliceIndex >> ChunkShift;
        var chunk = Volatile.Read(ref _chunks[chunkIndex]);
        if (chunk is null)
        {
            var created = new StoredSlice?[Math.Min(ChunkSize, _sliceCount - (chunkIndex << ChunkShift))];
            chunk = Interlocked.CompareExchange(ref _chunks[chunkIndex], created, null) ?? created;
        }

        return ref chunk[sliceIndex & (ChunkSize - 1)];
    }
}
