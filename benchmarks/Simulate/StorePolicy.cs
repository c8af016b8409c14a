using Slice.Core.Storage;

namespace Slice.Benchmarks.Simulate;

/// <summary>The product's own eviction, over slices of one unit each.</summary>
internal sealed class StorePolicy : ICachePolicy, IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(ExtentAllocator.UnitBytes, TimeProvider.System);
    private readonly S3FifoEviction _eviction = new(slice => (ulong)slice.SliceIndex);
    private readonly Dictionary<int, StoredSlice> _slices = [];
    private readonly SegmentFile _segment;
    private readonly int _capacity;

    public StorePolicy(int capacity)
    {
        _capacity = capacity;

        // Nobody reads them, so all may lie in one place.
        _segment = SegmentFile.CreateInMemory(_store, index: 0, ExtentAllocator.UnitBytes);
    }

    /// <inheritdoc/>
    public bool Request(int slice)
    {
        if (_slices.TryGetValue(slice, out var stored))
        {
            // A lease counts the use. Giving it back leaves the index's.
            stored.TryLease();
            stored.Release();
            return true;
        }

        if (_slices.Count == _capacity)
        {
            _slices.Remove(_eviction.TakeVictim()!.SliceIndex);
        }

        var added = new StoredSlice(_segment, offsetBytes: 0, ExtentAllocator.UnitBytes) { SliceIndex = slice };
        _slices.Add(slice, added);
        _eviction.Add(added);
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ((IDisposable)_segment).Dispose();
        _store.Dispose();
    }
}
