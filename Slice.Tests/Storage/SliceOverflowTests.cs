using Microsoft.Extensions.Time.Testing;
using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

/// <summary>A store that takes nothing has a bounded place in memory, where clients find each other's slices.</summary>
public sealed class SliceOverflowTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;

    private static readonly TimeSpan s_keptFor = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly TestDirectory _directory = new("overflow");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Slice_beyond_a_full_store_is_found_by_others_and_counts_as_overflow_alone()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time);
        Assert.False(store.TakesNothing);
        var held = (await store.ReserveAsync(Unit))!.Slice;
        Assert.False(held.IsTransient);
        Assert.False(store.TakesNothing);
        var generation = StoredObjects.Generation(store, slices: 2, Unit);

        var slice = await StoredObjects.AddAsync(store, generation, sliceIndex: 1, seed: 3);

        Assert.True(slice.IsTransient);
        Assert.True(store.TakesNothing);
        Assert.True(generation.TryLease(1, out var leased));
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 3), StoredObjects.Bytes(leased));
        leased.Release();
        Assert.Equal(1, generation.StoredSlices);
        Assert.Equal((Unit, 0, Unit), ((int)store.UsedBytes, store.SliceCount, (int)store.OverflowBytes));
        Assert.Equal(Unit, store.AllocatedBytes);

        generation.Drop(slice);
        Assert.Equal(0, store.OverflowBytes);
        Assert.False(generation.TryLease(1, out _));
        held.Release();
    }

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Overflow_that_was_given_back_while_the_store_refused_goes_when_the_store_takes_slices_again()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time);
        var held = (await store.ReserveAsync(Unit))!.Slice;
        var generation = StoredObjects.Generation(store, slices: 2, Unit);
        generation.Drop(await StoredObjects.AddAsync(store, generation, sliceIndex: 1, seed: 3));
        held.Release();
        Assert.True(store.Overflow.IsThere);

        var next = (await store.ReserveAsync(Unit))!.Slice;

        Assert.False(next.IsTransient);
        Assert.False(store.Overflow.IsThere);
        next.Release();
    }

    // Hits alone reserve nothing: the memory of a trouble that is over goes by itself.
    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Overflow_that_nobody_adds_to_goes_by_itself_but_for_what_is_being_sent()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: 4 * Unit);
        var held = (await store.ReserveAsync(Unit))!.Slice;
        var generation = StoredObjects.Generation(store, slices: 3, Unit);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 1, seed: 3);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 2, seed: 3);
        Assert.True(generation.TryLease(2, out var sent));

        _time.Advance(s_keptFor - TimeSpan.FromTicks(1));
        Assert.Equal(2 * Unit, store.OverflowBytes);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(Unit, store.OverflowBytes);
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 3), StoredObjects.Bytes(sent));

        sent.Release();
        _time.Advance(s_keptFor);
        Assert.Equal((0, 0), (store.OverflowBytes, generation.StoredSlices));
        held.Release();
    }

    // Nothing writes, so nothing shows that the disk is well again: the time after which it may be tried is enough.
    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Overflow_of_a_trouble_of_the_disk_goes_with_hits_alone()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, 1 << 20, _time);
        var refused = (await store.ReserveAsync(Unit))!;
        using (new ReadOnlyDescriptor(_directory.Combine(StoreLayout.SegmentFileName(0))))
        {
            await Record.ExceptionAsync(() => refused.WriteAsync(new byte[Unit], 0).AsTask());
        }

        refused.Slice.Release();
        var generation = StoredObjects.Generation(store, slices: 1, Unit);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0, seed: 3);
        Assert.Equal(Unit, store.OverflowBytes);

        _time.Advance(DiskUse.Pause + (2 * s_keptFor));

        Assert.Equal(0, store.OverflowBytes);
        Assert.False(store.Overflow.IsThere);
        Assert.True(store.Writing.IsStopped);
    }

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Overflow_is_bounded_and_refuses_when_all_of_it_is_held()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: (2 * Unit) + 100);
        var held = await ReserveAsync(store, count: 3);
        Assert.Equal([false, true, true], held.Select(slice => slice.IsTransient));

        Assert.Null(await store.ReserveAsync(1));

        Assert.Equal(2 * Unit, store.OverflowBytes);
        held[1].Release();
        Assert.Equal(held[1].OffsetBytes, (await store.ReserveAsync(1))!.Slice.OffsetBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Unit - 1)]
    [InlineData(2 * Unit)]
    public async Task Slice_that_is_longer_than_the_overflow_is_refused(int overflowBytes)
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time, overflowBytes);
        await ReserveAsync(store, count: 4);
        Assert.Null(await store.ReserveAsync((2 * Unit) + 1));
        Assert.True(store.TakesNothing);
        Assert.Equal(0, store.OverflowBytes);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(StoreLayout.MaxSegmentBytes + 1)]
    public void Overflow_that_cannot_be_is_refused(int overflowBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SliceStore.CreateInMemory(Unit, _time, overflowBytes));

    [Fact]
    public async Task Slices_go_in_the_order_in_which_they_came_however_often_they_were_read()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: 3 * Unit);
        await ReserveAsync(store, count: 1);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await AddAsync(store, generation, 0, 1, 2);
        for (int reading = 0; reading < 5; reading++)
        {
            Assert.True(generation.TryLease(0, out var read));
            read.Release();
        }

        await AddAsync(store, generation, 3, 4);

        Assert.Equal([2, 3, 4], Stored(generation));
    }

    [Fact]
    public async Task Slice_that_is_being_sent_is_passed_over()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: 2 * Unit);
        await ReserveAsync(store, count: 1);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await AddAsync(store, generation, 0, 1);
        Assert.True(generation.TryLease(0, out var sent));

        await AddAsync(store, generation, 2, 3, 4);

        Assert.Equal([0, 4], Stored(generation));
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 0), StoredObjects.Bytes(sent));
        sent.Release();
        await AddAsync(store, generation, 5);
        Assert.DoesNotContain(0, Stored(generation));
    }

    [Fact]
    public async Task Longer_slice_takes_the_room_of_several()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: 4 * Unit);
        await ReserveAsync(store, count: 1);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await AddAsync(store, generation, 0, 1, 2, 3);

        Assert.True((await store.ReserveAsync(2 * Unit))!.Slice.IsTransient);

        Assert.Equal([2, 3], Stored(generation));
    }

    [Fact]
    public async Task Eviction_of_the_last_slice_reports_the_tenant()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: Unit);
        var emptied = new List<ISliceTenant>();
        store.TenantEmptied = emptied.Add;
        await ReserveAsync(store, count: 1);
        var generation = StoredObjects.Generation(store, slices: 1, Unit);
        await AddAsync(store, generation, 0);

        Assert.NotNull(await store.ReserveAsync(Unit));

        Assert.Equal([generation], emptied);
    }

    [Fact]
    public async Task Retired_generation_frees_its_transient_slices()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time);
        await ReserveAsync(store, count: 1);
        var generation = StoredObjects.Generation(store, slices: 2, Unit);
        await AddAsync(store, generation, 0, 1);
        Assert.True(generation.TryLease(0, out var leased));

        generation.Retire();

        await Eventually.TrueAsync(() => store.OverflowBytes == Unit, "all but the leased slice is free");
        Assert.False(StoredObjects.Commit(generation, await StoredObjects.FillAsync(store, Unit), 1));
        Assert.Equal(Unit, store.OverflowBytes);
        leased.Release();
        Assert.Equal(0, store.OverflowBytes);
    }

    [Fact]
    public async Task Memory_of_which_nothing_is_used_goes_by_itself_and_comes_again()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time);
        var held = await ReserveAsync(store, count: 2);
        held[1].Release();
        Assert.True(store.Overflow.IsThere);
        Assert.True(store.TakesNothing);

        held[0].Release();
        await ReserveAsync(store, count: 1);
        Assert.False(store.TakesNothing);
        _time.Advance(s_keptFor);
        Assert.False(store.Overflow.IsThere);

        Assert.True((await ReserveAsync(store, count: 1))[0].IsTransient);
    }

    [Fact]
    public async Task Memory_goes_with_the_last_lease_when_the_store_works_again()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time);
        var held = await ReserveAsync(store, count: 2);
        held[0].Release();
        await ReserveAsync(store, count: 1);
        Assert.True(store.Overflow.IsThere);

        held[1].Release();

        Assert.False(store.Overflow.IsThere);
    }

    // A fetch whose first write fails takes another reservation and goes on.
    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Disk_that_refuses_the_first_write_sends_the_next_reservation_to_the_overflow()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, 1 << 20, _time);
        var refused = (await store.ReserveAsync(Unit))!;
        using (new ReadOnlyDescriptor(_directory.Combine(StoreLayout.SegmentFileName(0))))
        {
            var error = await Record.ExceptionAsync(() => refused.WriteAsync(new byte[Unit], 0).AsTask());
            Assert.True(error is IOException or UnauthorizedAccessException, $"{error}");
            Assert.True(store.TakesNothing);
            refused.Slice.Release();

            var transient = (await store.ReserveAsync(Unit))!;
            Assert.True(transient.Slice.IsTransient);
            await transient.WriteAsync(new byte[Unit], 0);
            Assert.True(store.Writing.IsStopped);
            transient.Slice.Release();
        }

        // After the pause the disk is tried.
        _time.Advance(DiskUse.Pause);
        var tried = (await store.ReserveAsync(Unit))!;
        Assert.False(tried.Slice.IsTransient);
        Assert.False(store.TakesNothing);
        Assert.True(store.Writing.IsStopped);
        await tried.WriteAsync(new byte[Unit], 0);
        Assert.False(store.Writing.IsStopped);
        _time.Advance(s_keptFor);
        Assert.False(store.Overflow.IsThere);
    }

    [Fact]
    public async Task Disposed_store_gives_no_overflow()
    {
        var store = SliceStore.CreateInMemory(Unit, _time);
        var held = await ReserveAsync(store, count: 2);

        store.Dispose();

        Assert.Null(await store.ReserveAsync(Unit));
        held[1].Release();
        Assert.Equal(0, store.OverflowBytes);
        Assert.Null(await store.ReserveAsync(Unit));
        Assert.False(store.Overflow.IsThere);
    }

    [Fact]
    public async Task Lease_of_a_transient_slice_that_is_out_at_the_end_is_reported()
    {
        var reports = new List<string>();
        using (var store = SliceStore.CreateInMemory(Unit, _time, overflowBytes: 4 * Unit, new LeaseTracker(reports.Add)))
        {
            var held = await ReserveAsync(store, count: 2);
            var generation = StoredObjects.Generation(store, slices: 1, Unit);
            await AddAsync(store, generation, 0);
            held[0].Release();
        }

        Assert.Single(reports);
    }

    private static async Task<List<StoredSlice>> ReserveAsync(SliceStore store, int count)
    {
        var slices = new List<StoredSlice>();
        for (; count > 0; count--)
        {
            slices.Add((await store.ReserveAsync(Unit))!.Slice);
        }

        return slices;
    }

    private static async Task AddAsync(SliceStore store, Generation generation, params int[] sliceIndexes)
    {
        foreach (int sliceIndex in sliceIndexes)
        {
            await StoredObjects.AddAsync(store, generation, sliceIndex);
        }
    }

    private static IEnumerable<int> Stored(Generation generation) => generation.Slices.Select(slice => slice.SliceIndex);
}
