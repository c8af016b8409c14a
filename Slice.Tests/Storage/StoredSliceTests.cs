using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>Leases that are counted wrong are found out at once, by whoever counts wrong.</summary>
public sealed class StoredSliceTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;

    private readonly SliceStore _store = SliceStore.CreateInMemory(4 * Unit, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Release_without_a_lease_throws_and_frees_nothing_of_others()
    {
        var released = await StoredObjects.FillAsync(_store, Unit);
        released.Release();
        var other = await StoredObjects.FillAsync(_store, Unit, seed: 2);
        Assert.Equal(released.OffsetBytes, other.OffsetBytes);

        var error = Assert.Throws<InvalidOperationException>(released.Release);

        Assert.Contains($"{Unit} bytes at 0, was released with 0 leases", error.Message, StringComparison.Ordinal);
        Assert.Equal(Unit, _store.UsedBytes);
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 2), StoredObjects.Bytes(other));
    }

    [Fact]
    public async Task Lease_of_a_slice_that_has_none_cannot_be_taken_again()
    {
        var slice = await StoredObjects.FillAsync(_store, Unit);
        slice.Release();

        var error = Assert.Throws<InvalidOperationException>(slice.LeaseAgain);

        Assert.Contains("was leased again with 0 leases", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, slice.Leases);
        Assert.False(slice.TryLease());
    }

    [Fact]
    public async Task Commit_with_missing_bytes_throws_and_indexes_nothing()
    {
        var generation = StoredObjects.Generation(_store, slices: 1, Unit);
        var reservation = (await _store.ReserveAsync(Unit))!;
        await reservation.WriteAsync(new byte[Unit - 1], 0);

        var error = Assert.Throws<InvalidOperationException>(() => reservation.Commit(generation, 0));

        Assert.Contains($"{Unit} bytes was committed with {Unit - 1}", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, generation.StoredSlices);
    }
}
