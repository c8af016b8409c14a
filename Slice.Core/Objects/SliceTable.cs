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
