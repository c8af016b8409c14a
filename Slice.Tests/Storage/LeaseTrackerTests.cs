using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

public class LeaseTrackerTests
{
    private const int Unit = ExtentAllocator.UnitBytes;

    private readonly List<string> _reports = [];

    [Fact]
    public async Task Reservation_that_is_out_at_the_end_is_reported_with_its_place()
    {
        using (var store = Open())
        {
            Assert.NotNull(await store.ReserveAsync(100));
        }

        string report = Assert.Single(_reports);
        Assert.StartsWith("1 leases of slice 0 of tenant 0, 100 bytes, are still out", report, StringComparison.Ordinal);
        Assert.Contains(nameof(Reservation_that_is_out_at_the_end_is_reported_with_its_place), report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lease_that_is_out_at_the_end_is_reported_with_its_place()
    {
        using (var store = Open())
        {
            var generation = StoredObjects.Generation(store, slices: 2, Unit);
            await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
            await StoredObjects.AddAsync(store, generation, sliceIndex: 1);
            Leak(generation);
        }

        string report = Assert.Single(_reports);
        Assert.StartsWith("1 leases of slice 1 ", report, StringComparison.Ordinal);
        Assert.Contains(nameof(Leak), report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leases_that_were_given_back_and_those_of_the_index_are_in_order()
    {
        using (var store = Open())
        {
            var generation = StoredObjects.Generation(store, slices: 2, Unit);
            await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
            var slice = await StoredObjects.AddAsync(store, generation, sliceIndex: 1);
            Assert.True(generation.TryLease(1, out _));
            slice.LeaseAgain();
            slice.Release();
            generation.Drop(slice);
            slice.Release();
            (await store.ReserveAsync(Unit))!.Slice.Release();
        }

        Assert.Empty(_reports);
    }

    // Not inlined, so that it stands in the stack trace of an optimized build.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void Leak(Slice.Core.Objects.Generation generation) => Assert.True(generation.TryLease(1, out _));

    private SliceStore Open() => SliceStore.CreateInMemory(4 * Unit, TimeProvider.System, overflowBytes: 0, new LeaseTracker(_reports.Add));
}
