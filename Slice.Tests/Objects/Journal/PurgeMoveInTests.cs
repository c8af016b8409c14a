using Microsoft.Extensions.Time.Testing;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>
/// A purge of many objects holds for what is in the directory that a store moves into later, and a purge that is written there holds for
/// what is there; both are counted from 1.
/// </summary>
[Trait("Behaviour", "B45")]
[Trait("Behaviour", "B70")]
public sealed class PurgeMoveInTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;

    private readonly TestDirectory _directory = new("purge-move-in");
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddMinutes(1));
    private readonly ObjectIndex _firstIndex = new();
    private readonly ObjectIndex _index = new();

    private StoreOpening Opening => new()
    {
        Directory = _directory.Combine("cache"),
        DiskBytes = StoredObjects.StoreBytesFor(64 * Unit),
        MemoryBytes = 32 * Unit,
    };

    private Instant Now => Instant.Now(_time);

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(PurgeScope.All, "")]
    [InlineData(PurgeScope.Prefix, "/b,/tagged")]
    [InlineData(PurgeScope.Tags, "/a/x,/b")]
    public async Task Purge_made_in_memory_is_for_what_the_directory_holds(PurgeScope scope, string kept)
    {
        await LeaveAsync(("/a/x", null), ("/b", null), ("/tagged", "one"));
        using var store = OpenWaiting(out var moveIn, out var first);
        Assert.True(_index.Purges.TryAdd(NewPurge(scope, isSoft: false)));
        await PublishAsync(store, _index, "/b/since", tags: null);

        var found = await MoveInAsync(moveIn, first);

        string[] expected = kept.Split(',', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(expected, KeysOf(_index).Where(static key => key != "/b/since"));
        Assert.Equal(expected.Length, found.Objects);
        Assert.Equal(expected.Length * Unit, store.UsedBytes);

        store.Dispose();
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(Opening, again, _time).Store;
        Assert.Equal(expected, KeysOf(again));
    }

    [Fact]
    public async Task Soft_purge_made_in_memory_leaves_stale_what_the_directory_holds()
    {
        await LeaveAsync(("/a/x", null), ("/b", null));
        using var store = OpenWaiting(out var moveIn, out var first);
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: true)));

        await MoveInAsync(moveIn, first);

        Assert.Equal((true, false), (Find(_index, "/a/x").Response.IsPurged, Find(_index, "/b").Response.IsPurged));
        store.Dispose();
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(Opening, again, _time).Store;
        Assert.Equal((true, false), (Find(again, "/a/x").Response.IsPurged, Find(again, "/b").Response.IsPurged));
    }

    // The earlier process has made more purges than this one and was killed before its sweep: an object that was stored after them has a
    // larger number than any purge of this run, and must be held against these all the same.
    [Fact]
    public async Task Purges_of_both_runs_are_told_apart()
    {
        using var killed = new TestDirectory("purge-move-in-killed");
        using (var store = StoreOpener.Open(Opening, _firstIndex, _time).Store)
        {
            await PublishAsync(store, _firstIndex, "/a/x", tags: null);
            await PublishAsync(store, _firstIndex, "/b", tags: null);

            // A new index is first written from memory, without what is purged by then: both objects must be in the file before.
            Assert.True(await store.FlushAsync());
            Assert.True(_firstIndex.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
            Assert.True(_firstIndex.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
            Assert.True(_firstIndex.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
            await PublishAsync(store, _firstIndex, "/a/later", tags: null);
            await PublishAsync(store, _firstIndex, "/tagged", tags: "one");
            Assert.True(await store.FlushAsync());
            CopyTo(killed);
        }

        var opening = Opening with { Directory = killed.Path, WaitsForLock = true };
        var held = CacheDirectory.Open(killed.Path);
        var opened = StoreOpener.Open(opening, _index, _time);
        using var moved = opened.Store;
        RecoveredIndex? found = null;
        opened.MoveIn!.Moved = recovered => found = recovered;
        opened.MoveIn.Start();
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Tags, isSoft: false)));
        held.Dispose();
        await MovesAsync(() => found is not null);

        Assert.Equal(["/a/later", "/b"], KeysOf(_index));
        Assert.Equal((2, 1, 1), (found!.Objects, found.PurgedObjects, found.EvictedObjects));

        // Number 2 of this run; 1 to 3 were those of the earlier one.
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
        Assert.False(_index.TryGet(StoredObjects.Key("/a/later").Bytes, new FieldTable(), out _));
        moved.Dispose();
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(opening, again, _time).Store;
        Assert.Equal(["/b"], KeysOf(again));
    }

    [Fact]
    public async Task Purge_made_after_the_move_is_written_down()
    {
        await LeaveAsync(("/a/x", null), ("/b", null));
        using var store = OpenWaiting(out var moveIn, out var first);
        await MoveInAsync(moveIn, first);
        Assert.True(await store.FlushAsync());
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
        Assert.True(await store.FlushAsync());

        using var killed = new TestDirectory("purge-move-in-after");
        CopyTo(killed);
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(Opening with { Directory = killed.Path }, again, _time).Store;
        Assert.Equal(["/b"], KeysOf(again));
    }

    // Killed after the move and before its index is written: the old one knows nothing of the purges of this run.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Index_of_before_a_purge_is_not_left_for_a_process_that_is_killed(bool isPurged)
    {
        await LeaveAsync(("/a/x", null), ("/b", null));
        using var directory = CacheDirectory.Open(Opening.Directory);
        using var store = SliceStore.CreateInMemory(Opening.MemoryBytes, _time);
        if (isPurged)
        {
            Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: true)));
        }

        var recovery = StoreRecovery.Read(store, directory, 64 * Unit, keepsIds: false, Now);
        recovery.Publish(_index);

        Assert.Equal(!isPurged, File.Exists(directory.IndexPath));
        recovery.Discard();
    }

    private Purge NewPurge(PurgeScope scope, bool isSoft) => scope switch
    {
        PurgeScope.Prefix => Purge.OfPrefix("/a/"u8, isSoft, Now),
        PurgeScope.Tags => Purge.OfTags(CacheTags.HashesOf("one"u8), isSoft, Now),
        _ => Purge.OfAll(isSoft, Now),
    };

    // What an earlier run has left, closed in order.
    private async Task LeaveAsync(params (string Key, string? Tags)[] objects)
    {
        using var store = StoreOpener.Open(Opening, _firstIndex, _time).Store;
        foreach (var (key, tags) in objects)
        {
            await PublishAsync(store, _firstIndex, key, tags);
        }
    }

    private SliceStore OpenWaiting(out StoreMoveIn moveIn, out CacheDirectory held)
    {
        held = CacheDirectory.Open(Opening.Directory);
        var opened = StoreOpener.Open(Opening with { WaitsForLock = true }, _index, _time);
        opened.Store.TenantEmptied = _index.RemoveEmptied;
        Assert.False(opened.Store.IsPersistent);
        moveIn = opened.MoveIn!;
        moveIn.Start();
        return opened.Store;
    }

    // At the next attempt, or at a later one: a child that another test has just forked has the descriptor of the lock until its exec.
    private Task MovesAsync(Func<bool> hasMoved) => Eventually.TrueAsync(
        () =>
        {
            _time.Advance(StoreMoveIn.LockInterval);
            return hasMoved();
        },
        "the store to move in");

    private async Task<RecoveredIndex> MoveInAsync(StoreMoveIn moveIn, CacheDirectory held)
    {
        RecoveredIndex? found = null;
        moveIn.Moved = recovered => found = recovered;
        held.Dispose();
        await MovesAsync(() => found is not null);
        return found!;
    }

    private void CopyTo(TestDirectory copy)
    {
        IEnumerable<string> files = Directory.GetFiles(Opening.Directory)
            .Where(static path => !path.EndsWith(StoreLayout.LockFileName, StringComparison.Ordinal));
        foreach (string path in files)
        {
            File.Copy(path, copy.Combine(Path.GetFileName(path)));
        }
    }

    private static async Task PublishAsync(SliceStore store, ObjectIndex index, string key, string? tags)
    {
        var response = StoredObjects.Response(Unit);
        var tagged = new StoredResponse(response.Validator, response.Freshness, [], lastModifiedDate: null, date: null)
        {
            Tags = CacheTags.Read(null, tags, confirmed: null),
        };
        var generation = new Generation(StoredObjects.Key(key), tagged, new SliceGrid(Unit), isShared: true, store);
        index.Publish(generation);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
    }

    private static string[] KeysOf(ObjectIndex index) =>
        [.. index.Generations.Select(static generation => generation.Key.ToString()).Order()];

    private static Generation Find(ObjectIndex index, string key) =>
        Assert.Single(index.Generations, generation => generation.Key.Bytes.SequenceEqual(StoredObjects.Key(key).Bytes));
}
