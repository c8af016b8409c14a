using Microsoft.Extensions.Time.Testing;
using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

public sealed class SliceStoreTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int LargeSliceBytes = 8 << 20;

    private readonly FakeTimeProvider _time = new();
    private readonly TestDirectory _directory = new("store");

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Capacity_is_a_hard_limit()
    {
        using var store = SliceStore.CreateInMemory((4 * Unit) + 100, _time, overflowBytes: 0);
        for (int count = 1; count <= 4; count++)
        {
            Assert.NotNull(await store.ReserveAsync(1));
            Assert.Equal(count * Unit, store.UsedBytes);
        }

        Assert.Null(await store.ReserveAsync(1));
        Assert.Equal((4 * Unit) + 100, store.CapacityBytes);
        Assert.Equal(4 * Unit, store.UsedBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public async Task Reservation_of_nothing_is_refused(int lengthBytes)
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => store.ReserveAsync(lengthBytes).AsTask());
    }

    [Fact]
    public async Task Released_reservation_is_free_again()
    {
        using var store = SliceStore.CreateInMemory(Unit, _time);
        var slice = (await store.ReserveAsync(Unit))!.Slice;
        slice.Release();
        Assert.Equal(0, store.UsedBytes);
        Assert.False(slice.TryLease());
        Assert.NotNull(await store.ReserveAsync(Unit));
    }

    [Fact]
    public async Task Reservation_in_a_full_store_evicts_the_oldest()
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await FillStoreAsync(store, generation);

        Assert.NotNull(await store.ReserveAsync(Unit));

        Assert.Equal([false, true, true, true], Stored(generation, 4));
        Assert.Equal(3, store.SliceCount);
        Assert.Equal(4 * Unit, store.UsedBytes);
    }

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Slices_of_an_old_version_that_is_read_go_after_those_of_others_and_then_too()
    {
        using var store = SliceStore.CreateInMemory(8 * Unit, _time, overflowBytes: 0);
        var old = StoredObjects.Generation(store, slices: 4, Unit);
        await FillStoreAsync(store, old);
        Assert.True(old.TryAddReader());
        old.Retire();
        var current = StoredObjects.Generation(store, slices: 4, Unit);
        await FillStoreAsync(store, current);

        Assert.NotNull(await store.ReserveAsync(4 * Unit));
        Assert.Equal((4, 0), (old.StoredSlices, current.StoredSlices));

        Assert.NotNull(await store.ReserveAsync(4 * Unit));
        Assert.Equal(0, old.StoredSlices);
        old.RemoveReader();
    }

    [Fact]
    public async Task Slice_that_was_read_twice_outlives_those_that_never_were()
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await FillStoreAsync(store, generation);
        for (int reading = 0; reading < 2; reading++)
        {
            Assert.True(generation.TryLease(0, out var oldest));
            oldest.Release();
        }

        await StoredObjects.AddAsync(store, generation, sliceIndex: 4);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 5);

        Assert.Equal([true, false, false, true, true, true], Stored(generation, 6));
    }

    [Fact]
    public async Task Leased_slice_is_never_evicted()
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time, overflowBytes: 0);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await FillStoreAsync(store, generation);
        Assert.True(generation.TryLease(0, out var leased));

        for (int count = 0; count < 3; count++)
        {
            Assert.NotNull(await store.ReserveAsync(Unit));
        }

        Assert.Null(await store.ReserveAsync(Unit));
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 0), StoredObjects.Bytes(leased));
        leased.Release();
        Assert.NotNull(await store.ReserveAsync(Unit));
    }

    [Fact]
    public async Task Dropped_slice_is_freed_with_its_last_lease()
    {
        using var store = SliceStore.CreateInMemory(2 * Unit, _time);
        var generation = StoredObjects.Generation(store, slices: 1, Unit);
        var slice = await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
        Assert.True(slice.TryLease());

        generation.Drop(slice);

        Assert.False(generation.TryLease(0, out _));
        Assert.Equal(Unit, store.UsedBytes);
        slice.Release();
        Assert.Equal(0, store.UsedBytes);
        Assert.Equal(0, store.SliceCount);
    }

    [Fact]
    public async Task Eviction_of_the_last_slice_reports_the_generation()
    {
        using var store = SliceStore.CreateInMemory(2 * Unit, _time);
        var emptied = new List<Generation>();
        store.TenantEmptied = tenant => emptied.Add((Generation)tenant);
        var generation = StoredObjects.Generation(store, slices: 2, Unit);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 1);

        Assert.NotNull(await store.ReserveAsync(Unit));
        Assert.Empty(emptied);
        Assert.NotNull(await store.ReserveAsync(Unit));
        Assert.Equal([generation], emptied);
    }

    [Fact]
    public async Task Larger_reservation_evicts_until_there_is_one_piece()
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time);
        var generation = StoredObjects.Generation(store, slices: 8, Unit);
        await FillStoreAsync(store, generation);

        Assert.NotNull(await store.ReserveAsync(2 * Unit));

        Assert.Equal([false, false, true, true], Stored(generation, 4));
    }

    [Fact]
    [Trait("Behaviour", "B47")]
    public async Task Store_grows_to_its_capacity_and_not_beyond()
    {
        using var store = SliceStore.CreateInMemory(((long)StoreLayout.MaxSegmentBytes) + (2 * Unit), _time, overflowBytes: 0);
        await FillSegmentAsync(store);
        Assert.NotNull(await store.ReserveAsync(Unit));
        Assert.NotNull(await store.ReserveAsync(Unit));
        Assert.Equal(store.CapacityBytes, store.UsedBytes);
        Assert.Null(await store.ReserveAsync(Unit));
    }

    [Fact]
    public async Task Reservations_that_wait_for_growth_together_all_get_room()
    {
        using var store = SliceStore.CreateInMemory(((long)StoreLayout.MaxSegmentBytes) + (8 * Unit), _time);
        await FillSegmentAsync(store);

        var reservations = Enumerable.Range(0, 8).Select(_ => Task.Run(() => store.ReserveAsync(Unit).AsTask())).ToArray();
        var slices = await Deadline.WithinAsync(Task.WhenAll(reservations), "eight reservations");

        Assert.DoesNotContain(null, slices);
        Assert.Equal(8, slices.Select(slice => slice!.Slice.OffsetBytes).Distinct().Count());
    }

    [Fact]
    public async Task Disk_that_refuses_another_segment_is_asked_again_after_a_pause()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, ((long)StoreLayout.MaxSegmentBytes) + Unit, _time, overflowBytes: 0);
        await FillSegmentAsync(store);
        string obstacle = Directory.CreateDirectory(_directory.Combine(StoreLayout.SegmentFileName(1))).FullName;
        Assert.Null(await store.ReserveAsync(Unit));
        Directory.Delete(obstacle);

        _time.Advance(TimeSpan.FromSeconds(30) - TimeSpan.FromTicks(1));
        Assert.Null(await store.ReserveAsync(Unit));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.NotNull(await store.ReserveAsync(Unit));
    }

    [Fact]
    public async Task Disposed_store_makes_no_segment_any_more()
    {
        var store = StoredObjects.OpenStore(_directory.Path, ((long)StoreLayout.MaxSegmentBytes) + Unit, _time);
        await FillSegmentAsync(store);

        store.Dispose();

        // The directory may be another process's by now.
        Assert.Null(await store.ReserveAsync(Unit));
        Assert.Single(StoreLayout.FindSegments(_directory.Path));
    }

    [Fact]
    public void Directory_is_created_with_its_parents()
    {
        using var store = StoredObjects.OpenStore(_directory.Combine("a/b"), 4 * Unit, _time);
        Assert.Equal(4 * Unit, new FileInfo(_directory.Combine("a/b/segment-000000.slices")).Length);
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public void Directory_in_use_by_another_store_is_refused_and_named()
    {
        using (StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time))
        {
            var error = Assert.ThrowsAny<IOException>(() => StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time));
            Assert.Contains(_directory.Path, error.Message, StringComparison.Ordinal);
            Assert.Contains("in use", error.Message, StringComparison.Ordinal);
        }

        StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time).Dispose();
    }

    [Fact]
    public async Task Directory_in_use_keeps_its_slices_when_another_store_is_refused()
    {
        using var store = StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time);
        var slice = await StoredObjects.FillAsync(store, Unit, seed: 5);
        Assert.ThrowsAny<IOException>(() => StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time));
        var read = new byte[Unit];
        Assert.Equal(Unit, slice.Read(read, 0));
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 5), read);
        Assert.True(File.Exists(_directory.Combine("segment-000000.slices")));
    }

    // Root may write anywhere, so what refuses is not a permission: a file where a directory is needed, and a file system
    // that takes no files.
    [Fact]
    [Trait("Behaviour", "B46")]
    public void Directory_that_cannot_be_made_is_refused_and_named()
    {
        File.WriteAllText(_directory.Combine("file"), "");
        foreach (string path in (string[])[_directory.Combine("file"), _directory.Combine("file/cache"), "/proc/cache"])
        {
            var error = Assert.ThrowsAny<IOException>(() => StoredObjects.OpenStore(path, 4 * Unit, _time));
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Directory_that_cannot_be_read_is_unlocked_again()
    {
        StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time).Dispose();
        string obstacle = _directory.Combine(StoreLayout.IndexFileName);
        File.WriteAllText(obstacle, "the index of a book, which is found to be one only when it is read");
        var error = Assert.Throws<CacheDirectoryException>(() => StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time));
        Assert.Contains(StoreLayout.IndexFileName, error.Message, StringComparison.Ordinal);
        File.Delete(obstacle);
        StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time).Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Segments_without_an_index_are_removed_and_nothing_else()
    {
        File.WriteAllText(_directory.Combine("segment-000007.slices"), "old");
        File.WriteAllText(_directory.Combine("README"), "theirs");
        using var store = StoredObjects.OpenStore(_directory.Path, 4 * Unit, _time);
        Assert.True(await store.FlushAsync());
        Assert.Equal(
            ["README", "lock", "segment-000000.slices", "slices.index"],
            Directory.GetFileSystemEntries(_directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Write_beyond_the_slice_is_refused()
    {
        using var store = SliceStore.CreateInMemory(4 * Unit, _time);
        var slice = (await store.ReserveAsync(100))!;
        await slice.WriteAsync(new byte[50], 50);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => slice.WriteAsync(new byte[51], 50).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => slice.WriteAsync(new byte[1], int.MaxValue).AsTask());
    }

    private static async Task FillSegmentAsync(SliceStore store)
    {
        for (int count = 0; count < StoreLayout.MaxSegmentBytes / LargeSliceBytes; count++)
        {
            Assert.NotNull(await store.ReserveAsync(LargeSliceBytes));
        }
    }

    private static async Task FillStoreAsync(SliceStore store, Generation generation)
    {
        for (int index = 0; index < 4; index++)
        {
            await StoredObjects.AddAsync(store, generation, index);
        }
    }

    private static IEnumerable<bool> Stored(Generation generation, int count) =>
        Enumerable.Range(0, count).Select(index => generation.CountStored(index, 1) == 1);
}
