using Microsoft.Extensions.Time.Testing;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>A store that begins in memory moves into its directory when that can be used, without a restart.</summary>
public sealed class StoreMoveInTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int Slices = 4;

    private readonly TestDirectory _directory = new("move-in");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ObjectIndex _index = new();

    private StoreOpening Opening => new()
    {
        Directory = _directory.Combine("cache"),
        DiskBytes = StoredObjects.StoreBytesFor(64 * Unit),
        MemoryBytes = 32 * Unit,
    };

    public void Dispose() => _directory.Dispose();

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Store_that_waits_for_the_lock_moves_in_when_it_is_free()
    {
        var firstIndex = new ObjectIndex();
        var first = StoreOpener.Open(Opening, firstIndex, _time).Store;
        await PublishAsync(first, firstIndex, "/first", seed: 1);
        using var store = OpenWaiting(out var moveIn);
        await PublishAsync(store, _index, "/second", seed: 2);

        _time.Advance(StoreMoveIn.LockInterval);
        Assert.Equal(CacheDirectoryCause.InUse, moveIn.Problem!.Cause);
        Assert.False(store.IsPersistent);

        first.Dispose();
        RecoveredIndex? found = null;
        moveIn.Moved = recovered => found = recovered;
        await MovesInAsync(store);

        Assert.Null(moveIn.Problem);
        Assert.True(store.IsPersistent);
        Assert.Equal((1, Slices, 0, true), (found!.Objects, found.Slices, found.DroppedSlices, found.WasClosed));
        AssertHolds(_index, "/first", seed: 1);

        // What was in memory is gone with its memory.
        Assert.Equal(Slices * Unit, store.UsedBytes);
        Assert.Equal(64 * Unit, store.AllocatedBytes);
        Assert.False(_index.Contains(StoredObjects.Key("/second").Bytes));

        await PublishAsync(store, _index, "/third", seed: 3);
        Assert.All(Find(_index, "/third").Slices, slice => Assert.True(slice.Segment.IsOnDisk));
        Assert.True(await store.FlushAsync());
        store.Dispose();
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(Opening, again, _time).Store;
        AssertHolds(again, "/first", seed: 1);
        AssertHolds(again, "/third", seed: 3);
        Assert.Equal(2, again.Count);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Store_that_does_not_need_its_directory_tries_it_every_thirty_seconds()
    {
        File.WriteAllText(Opening.Directory, "in the way");
        var opened = StoreOpener.Open(Opening with { IsRequired = false }, _index, _time);
        using var store = opened.Store;
        var problems = new List<CacheDirectoryCause>();
        opened.MoveIn!.ProblemChanged = problem => problems.Add(problem.Cause);
        opened.MoveIn.Start();
        Assert.Equal(CacheDirectoryCause.NotADirectory, opened.MoveIn.Problem!.Cause);
        Assert.Equal(32 * Unit, store.CapacityBytes);

        _time.Advance(StoreMoveIn.Interval);
        File.Delete(Opening.Directory);
        Directory.CreateDirectory(Opening.Directory);
        File.WriteAllText(Path.Combine(Opening.Directory, "photo.jpg"), "foreign");
        _time.Advance(StoreMoveIn.Interval);
        Assert.Equal([CacheDirectoryCause.ForeignFiles], problems);
        Assert.False(store.IsPersistent);

        File.Delete(Path.Combine(Opening.Directory, "photo.jpg"));
        _time.Advance(StoreMoveIn.Interval - TimeSpan.FromMilliseconds(1));
        Assert.False(store.IsPersistent);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(store.IsPersistent);
        Assert.InRange(store.CapacityBytes, 64 * Unit, 65 * Unit);
        await PublishAsync(store, _index, "/file", seed: 1);
        Assert.True(await store.FlushAsync());
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public void Directory_that_is_required_and_cannot_be_used_is_an_error()
    {
        using var first = StoreOpener.Open(Opening, _index, _time).Store;
        var error = Assert.Throws<CacheDirectoryException>(() => StoreOpener.Open(Opening, new ObjectIndex(), TimeProvider.System));
        Assert.Equal(CacheDirectoryCause.InUse, error.Cause);

        // Only the lock is waited for: another fault is none that goes by itself.
        var elsewhere = Opening with { Directory = "/proc/cache", WaitsForLock = true };
        Assert.Throws<CacheDirectoryException>(() => StoreOpener.Open(elsewhere, new ObjectIndex(), _time));
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Store_that_was_disposed_moves_no_more()
    {
        var first = StoreOpener.Open(Opening, new ObjectIndex(), _time).Store;
        var store = OpenWaiting(out var moveIn);
        await PublishAsync(store, _index, "/file", seed: 1);
        store.Dispose();
        first.Dispose();

        _time.Advance(StoreMoveIn.Interval);

        Assert.NotNull(moveIn.Problem);
        StoreOpener.Open(Opening, new ObjectIndex(), _time).Store.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Slice_that_is_being_sent_stays_right_and_its_memory_goes_with_the_last_lease()
    {
        var first = StoreOpener.Open(Opening, new ObjectIndex(), _time).Store;
        using var store = OpenWaiting(out _);
        var generation = await PublishAsync(store, _index, "/file", seed: 1);
        Assert.True(generation.TryLease(2, out var slice));
        first.Dispose();

        await MovesInAsync(store);

        Assert.True(store.IsPersistent);
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 1), StoredObjects.Bytes(slice));
        Assert.Equal(Unit, store.UsedBytes);
        var memory = slice.Segment;
        Assert.False(memory.Extents.IsAllFree);
        slice.Release();
        Assert.True(memory.Extents.IsAllFree);
        Assert.Equal(0, store.UsedBytes);
    }

    // The origin does not have the old version any more: the rest of the download has no other place to come from.
    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Old_version_that_is_being_sent_keeps_its_slices_until_the_last_reader_has_left()
    {
        var first = StoreOpener.Open(Opening, new ObjectIndex(), _time).Store;
        using var store = OpenWaiting(out _);
        var old = await PublishAsync(store, _index, "/file", seed: 1);
        Assert.True(old.TryAddReader());
        var newer = NewGeneration(store, "/file", "\"v2\"");
        newer.FetchStarted();
        _index.Publish(newer);
        first.Dispose();

        await MovesInAsync(store);

        Assert.True(store.IsPersistent);
        Assert.Equal(Slices, old.StoredSlices);
        Assert.True(old.TryLease(3, out var slice));
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 1), StoredObjects.Bytes(slice));
        var memory = slice.Segment;
        slice.Release();
        old.RemoveReader();
        await Eventually.TrueAsync(() => store.UsedBytes == 0, () => "the memory is given back");
        Assert.True(memory.Extents.IsAllFree);
        newer.FetchEnded();
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Slice_that_was_begun_in_memory_is_finished_and_not_kept()
    {
        var first = StoreOpener.Open(Opening, new ObjectIndex(), _time).Store;
        using var store = OpenWaiting(out _);
        var generation = NewGeneration(store, "/file");
        _index.Publish(generation);
        generation.FetchStarted();
        var begun = await StoredObjects.FillAsync(store, Unit, seed: 1);
        first.Dispose();

        await MovesInAsync(store);

        Assert.False(StoredObjects.Commit(generation, begun, 0));
        Assert.Equal((0, 0L), (generation.StoredSlices, store.UsedBytes));

        // The object itself goes on, on disk.
        Assert.False(generation.IsRetired);
        var slice = await StoredObjects.AddAsync(store, generation, 0, seed: 1);
        Assert.True(slice.Segment.IsOnDisk);
        generation.FetchEnded();
        Assert.True(await store.FlushAsync());
        store.Dispose();
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(Opening, again, _time).Store;
        Assert.Equal(1, Find(again, "/file").StoredSlices);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Object_that_was_removed_meanwhile_does_not_come_back()
    {
        var firstIndex = new ObjectIndex();
        var first = StoreOpener.Open(Opening, firstIndex, _time).Store;
        await PublishAsync(first, firstIndex, "/gone", seed: 1);
        await PublishAsync(first, firstIndex, "/kept", seed: 2);
        using var store = OpenWaiting(out _);

        // Nothing is stored of it here; the PURGE counts all the same.
        Assert.Equal(-1, _index.Remove(StoredObjects.Key("/gone").Bytes));
        first.Dispose();
        await MovesInAsync(store);

        Assert.False(_index.Contains(StoredObjects.Key("/gone").Bytes));
        AssertHolds(_index, "/kept", seed: 2);
        await Eventually.TrueAsync(() => store.UsedBytes == Slices * Unit, () => "its extents are free");
        Assert.True(await store.FlushAsync());
        store.Dispose();
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(Opening, again, _time).Store;
        Assert.Equal(1, again.Count);
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Version_of_this_run_wins_over_that_of_the_directory()
    {
        var firstIndex = new ObjectIndex();
        var first = StoreOpener.Open(Opening, firstIndex, _time).Store;
        await PublishAsync(first, firstIndex, "/file", seed: 1);
        using var store = OpenWaiting(out _);
        var newer = NewGeneration(store, "/file", "\"v2\"");
        _index.Publish(newer);
        newer.FetchStarted();
        await StoredObjects.AddAsync(store, newer, 0, seed: 2);
        first.Dispose();

        await MovesInAsync(store);

        Assert.Same(newer, Find(_index, "/file"));
        Assert.False(newer.IsRetired);
        newer.FetchEnded();
    }

    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Same_version_has_the_slices_of_the_directory_and_the_freshness_of_this_run()
    {
        var firstIndex = new ObjectIndex();
        var first = StoreOpener.Open(Opening, firstIndex, _time).Store;
        await PublishAsync(first, firstIndex, "/file", seed: 1);
        using var store = OpenWaiting(out _);
        var known = NewGeneration(store, "/file");
        _index.Publish(known);
        await StoredObjects.AddAsync(store, known, 0, seed: 1);
        first.Dispose();

        await MovesInAsync(store);

        var found = AssertHolds(_index, "/file", seed: 1);
        Assert.NotSame(known, found);
        Assert.True(known.IsReplaced);
        Assert.Same(known.Response, found.Response);
    }

    // Published and changed on several threads while the store moves: no wrong byte, and what the index says afterwards is there.
    [Fact]
    [Trait("Behaviour", "B70")]
    public async Task Move_under_load_gives_no_wrong_byte_and_leaves_a_right_index()
    {
        var firstIndex = new ObjectIndex();
        var opening = Opening with { DiskBytes = StoredObjects.StoreBytesFor(1024 * Unit), MemoryBytes = 128 * Unit };
        var first = StoreOpener.Open(opening, firstIndex, _time).Store;
        for (int number = 0; number < 40; number++)
        {
            await PublishAsync(first, firstIndex, $"/{number}", seed: number);
        }

        var opened = StoreOpener.Open(opening with { WaitsForLock = true }, _index, _time);
        var store = opened.Store;
        store.TenantEmptied = _index.RemoveEmptied;
        opened.MoveIn!.Start();
        using var stop = new CancellationTokenSource();
        Task[] clients = [.. Enumerable.Range(0, 4).Select(client => Task.Run(() => ServeAsync(store, client, stop.Token)))];
        await Eventually.TrueAsync(() => _index.Count > 10, () => "there is something in memory");

        first.Dispose();
        await MovesInAsync(store);

        Assert.True(store.IsPersistent);
        await Eventually.TrueAsync(
            () => _index.Generations.Where(generation => !generation.IsOfEarlierRun)
                .Any(generation => generation.Slices.Any(slice => slice.Segment.IsOnDisk)),
            () => "something of this run is on disk");
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        foreach (var slice in _index.Generations.SelectMany(generation => generation.Slices))
        {
            Assert.True(slice.Segment.IsOnDisk || slice.IsTransient);
        }

        Assert.True(await store.FlushAsync());
        store.Dispose();
        var inspection = StoreInspection.Read(opening.Directory, out string? problem)!;
        Assert.Null(problem);
        Assert.Empty(inspection.Verify());
        Assert.NotEmpty(inspection.Objects);
    }

    private async Task ServeAsync(SliceStore store, int client, CancellationToken stop)
    {
        var random = new Random(client);
        while (!stop.IsCancellationRequested)
        {
            int number = random.Next(80);
            string target = $"/{number}";
            if (random.Next(50) == 0)
            {
                _index.Remove(StoredObjects.Key(target).Bytes);
                continue;
            }

            if (!_index.TryGet(StoredObjects.Key(target).Bytes, new FieldTable(), out var generation))
            {
                generation = NewGeneration(store, target);
                generation.FetchStarted();
                _index.Publish(generation);
            }
            else
            {
                generation.FetchStarted();
            }

            for (int index = 0; index < Slices; index++)
            {
                await ServeSliceAsync(store, generation, index, number);
            }

            generation.FetchEnded();
        }
    }

    private static async Task ServeSliceAsync(SliceStore store, Generation generation, int index, int seed)
    {
        if (generation.TryLease(index, out var slice))
        {
            if (SliceVerification.Verify(slice))
            {
                Assert.Equal(TestContent.Bytes(0, Unit, seed), StoredObjects.Bytes(slice));
            }

            slice.Release();
        }
        else if (await store.ReserveAsync(Unit) is { } reservation)
        {
            await reservation.WriteAsync(TestContent.Bytes(0, Unit, seed), 0);
            reservation.Commit(generation, index);
            reservation.Slice.Release();
        }
    }

    // At the next attempt, or at a later one: a child that another test has just forked has the descriptor of the lock until its exec.
    private Task MovesInAsync(SliceStore store) => Eventually.TrueAsync(
        () =>
        {
            _time.Advance(StoreMoveIn.LockInterval);
            return store.IsPersistent;
        },
        "the store to move in");

    private SliceStore OpenWaiting(out StoreMoveIn moveIn)
    {
        var opened = StoreOpener.Open(Opening with { WaitsForLock = true }, _index, _time);
        opened.Store.TenantEmptied = _index.RemoveEmptied;
        Assert.False(opened.Store.IsPersistent);
        moveIn = opened.MoveIn!;
        moveIn.Start();
        return opened.Store;
    }

    private static Generation NewGeneration(SliceStore store, string target, string entityTag = "\"v1\"") => new(
        StoredObjects.Key(target), StoredObjects.Response((long)Slices * Unit, entityTag), new SliceGrid(Unit), isShared: true, store);

    private static async Task<Generation> PublishAsync(SliceStore store, ObjectIndex index, string target, int seed)
    {
        var generation = NewGeneration(store, target);
        generation.FetchStarted();
        index.Publish(generation);
        for (int number = 0; number < Slices; number++)
        {
            await StoredObjects.AddAsync(store, generation, number, seed);
        }

        generation.FetchEnded();
        return generation;
    }

    private static Generation Find(ObjectIndex index, string target) =>
        Assert.Single(index.Generations, generation => generation.Key.Bytes.SequenceEqual(StoredObjects.Key(target).Bytes));

    private static Generation AssertHolds(ObjectIndex index, string target, int seed)
    {
        var generation = Find(index, target);
        Assert.Equal(Slices, generation.StoredSlices);
        foreach (var slice in generation.Slices)
        {
            Assert.True(SliceVerification.Verify(slice));
            Assert.Equal(TestContent.Bytes(0, Unit, seed), StoredObjects.Bytes(slice));
        }

        return generation;
    }
}
