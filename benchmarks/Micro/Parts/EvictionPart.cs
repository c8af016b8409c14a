using Slice.Core.Storage;

namespace Slice.Benchmarks.Micro.Parts;

/// <summary>
/// One turn of S3-FIFO in a full cache of ten thousand slices: a victim goes, and a new slice takes its place. Every third slice has been
/// read twice when its time comes, so that it moves on or goes around.
/// </summary>
internal sealed class EvictionPart : IHotPathPart, IDisposable
{
    private const int Slices = 10_000;
    private const int OneReadIn = 3;

    private readonly SliceStore _store = SliceStore.CreateInMemory(ExtentAllocator.UnitBytes, TimeProvider.System);
    private readonly S3FifoEviction _eviction = new(static slice => (ulong)slice.SliceIndex);
    private readonly SegmentFile _segment;
    private int _added;

    public EvictionPart()
    {
        // Nobody reads them, so all may lie in one place.
        _segment = SegmentFile.CreateInMemory(_store, index: 0, ExtentAllocator.UnitBytes);
        while (_added < Slices)
        {
            Add(new StoredSlice(_segment, offsetBytes: 0, ExtentAllocator.UnitBytes));
        }
    }

    /// <inheritdoc/>
    public void Run() => Add(_eviction.TakeVictim() ?? throw new InvalidOperationException("Nothing goes."));

    /// <inheritdoc/>
    public void Dispose()
    {
        ((IDisposable)_segment).Dispose();
        _store.Dispose();
    }

    // The victim's own memory serves for the slice after it, so that what is allocated is the eviction's.
    private void Add(StoredSlice slice)
    {
        slice.SliceIndex = _added++ & ((1 << 20) - 1);
        _eviction.Add(slice);
        if (_added % OneReadIn == 0)
        {
            slice.Uses = 2;
        }
    }
}
