using Microsoft.Extensions.Time.Testing;
using Slice.Core.Storage;

namespace Slice.Tests.Support;

/// <summary>Slices of one unit each, by number, for tests of who goes first. They lie in one place, as nobody writes them.</summary>
internal sealed class EvictionBed : IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(ExtentAllocator.UnitBytes, new FakeTimeProvider());
    private readonly SegmentFile _segment;

    public EvictionBed() => _segment = SegmentFile.CreateInMemory(_store, index: 0, ExtentAllocator.UnitBytes);

    /// <summary>What an eviction takes for a slice's identity.</summary>
    public static ulong IdentityOf(StoredSlice slice) => (ulong)slice.SliceIndex;

    /// <summary>A slice that is not queued.</summary>
    public StoredSlice Slice(int number) => new(_segment, offsetBytes: 0, ExtentAllocator.UnitBytes) { SliceIndex = number };

    public void Dispose()
    {
        ((IDisposable)_segment).Dispose();
        _store.Dispose();
    }
}
