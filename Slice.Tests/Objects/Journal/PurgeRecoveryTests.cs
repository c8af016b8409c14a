using Microsoft.Extensions.Time.Testing;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>What was purged with others does not come back at the next start, whenever the process before was killed.</summary>
[Trait("Behaviour", "B45")]
public sealed class PurgeRecoveryTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;
    private const int CapacityBytes = 64 * Unit;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddMinutes(1));
    private readonly TestDirectory _directory = new("purge-recovery");
    private ObjectIndex _index = new();

    public void Dispose() => _directory.Dispose();

    // Without a sweeper: the process was killed before it looked at the objects.
    [Theory]
    [InlineData(PurgeScope.All, "/other")]
    [InlineData(PurgeScope.Prefix, "/b")]
    [InlineData(PurgeScope.Tags, "/a/untagged,/b")]
    public async Task Purge_that_was_not_swept_is_made_up_for_at_the_start(PurgeScope scope, string kept)
    {
        using var store = Open(_directory);
        await PublishAsync(store, "/a/x", tags: "one");
        await PublishAsync(store, "/a/untagged", tags: null);
        await PublishAsync(store, "/b", tags: "two");

        // A new index is first written from memory, without what is purged by then: the three objects must be in the file before.
        Assert.True(await store.FlushAsync());
        Assert.True(_index.Purges.TryAdd(NewPurge(scope, isSoft: false)));
        await PublishAsync(store, "/other", tags: "one");
        Assert.True(await store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Open(copy, out var recovered);

        string[] expected = [.. kept.Split(','), .. scope == PurgeScope.All ? Array.Empty<string>() : ["/other"]];
        Assert.Equal(expected.Order(), Keys());
        Assert.Equal(4 - expected.Length, recovered.PurgedObjects);
        Assert.Equal(expected.Length * Unit, next.UsedBytes);
    }

    // The index is written anew while an object is published behind a purge: first what is in memory, then the records of both.
    [Fact]
    public async Task Object_that_is_written_once_more_behind_a_purge_came_after_it()
    {
        uint id;
        using (var store = Open(_directory))
        {
            await PublishAsync(store, "/a/x", tags: null);
            id = Assert.Single(_index.Generations).Id;
        }

        string path = _directory.Combine(StoreLayout.IndexFileName);
        var contents = IndexFile.Read(path, _ => { });
        using (var file = IndexFile.OpenToAppend(path, contents))
        using (var other = SliceStore.CreateInMemory(1 << 20, _time))
        {
            var again = NewGeneration(other, "/a/x", tags: null);
            Assert.Equal(id, again.Id);
            var purge = NewPurge(PurgeScope.Prefix, isSoft: false);
            purge.Number = 1;
            var buffer = new RecordBuffer();
            PurgeRecords.WritePurge(buffer, purge);
            IndexRecords.WriteObject(buffer, again);
            file.Append(buffer.Written);
        }

        using var next = Open(_directory, out var recovered);
        Assert.Equal(["/a/x"], Keys());
        Assert.Equal(0, recovered.PurgedObjects);
    }

    [Fact]
    public async Task What_was_made_up_for_once_stays_away_at_the_start_after()
    {
        using (var store = Open(_directory))
        {
            await PublishAsync(store, "/a", tags: null);
            Assert.True(_index.Purges.TryAdd(Purge.OfAll(isSoft: false, Now)));
            Assert.True(await store.FlushAsync());
        }

        // The first start has written the index anew.
        using var copy = KilledCache.CopyOf(_directory);
        using (Open(copy, out var first))
        {
            Assert.Equal(0, first.Objects);
        }

        using var next = Open(copy, out var second);
        Assert.Equal((0, 0), (second.Objects, second.PurgedObjects));
    }

    [Fact]
    public async Task Purge_is_not_for_what_a_later_process_has_stored()
    {
        using var copy = new TestDirectory("purge-later");
        using (var store = Open(_directory))
        {
            await PublishAsync(store, "/a", tags: null);
            Assert.True(_index.Purges.TryAdd(Purge.OfAll(isSoft: false, Now)));
            Assert.True(await store.FlushAsync());
            KilledCache.Copy(_directory, copy);
        }

        using (var store = Open(copy))
        {
            await PublishAsync(store, "/a", tags: null);
            Assert.True(await store.FlushAsync());
            using var killed = KilledCache.CopyOf(copy);
            using var next = Open(killed);
            Assert.Equal(["/a"], Keys());
        }
    }

    [Fact]
    public async Task Swept_purge_is_not_for_what_has_come_since()
    {
        using var store = Open(_directory);
        using var sweeper = new PurgeSweeper(_index);
        await PublishAsync(store, "/a", tags: null);
        var purge = Purge.OfAll(isSoft: false, Now);
        Assert.True(_index.Purges.TryAdd(purge));
        await Deadline.WithinAsync(purge.Swept, "all objects are looked at");
        await PublishAsync(store, "/b", tags: null);
        Assert.True(await store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Open(copy, out var recovered);
        Assert.Equal(["/b"], Keys());
        Assert.Equal(0, recovered.PurgedObjects);
    }

    // The answer of a request that was made before the purge comes after it, and the process is killed right then.
    [Fact]
    public async Task What_was_asked_for_before_a_purge_and_came_after_it_stays_away()
    {
        using var store = Open(_directory);
        var asked = _index.MarkOf("/a"u8);
        Assert.True(_index.Purges.TryAdd(Purge.OfAll(isSoft: false, Now)));
        _index.Publish(NewGeneration(store, "/a", tags: null), asked);
        Assert.True(await store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Open(copy);
        Assert.Empty(Keys());
    }

    // Whoever publishes has looked for purges, and then one comes, and is written down first.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Object_that_is_written_behind_a_purge_that_is_for_it_does_not_come_back_as_it_was(bool isSoft)
    {
        using var store = Open(_directory);

        // A new index is first written from memory, where this object is not.
        Assert.True(await store.FlushAsync());
        var generation = NewGeneration(store, "/a", tags: null);
        Assert.True(_index.Purges.TryAdd(Purge.OfAll(isSoft, Now)));
        generation.Published();
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
        Assert.True(await store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Open(copy);
        Assert.Equal(isSoft ? ["/a"] : [], Keys());
        Assert.True(!isSoft || Find("/a").Response.IsPurged);
    }

    [Fact]
    public async Task Soft_purge_that_was_not_swept_leaves_stale_what_it_is_for()
    {
        using var store = Open(_directory);
        await PublishAsync(store, "/a", tags: "one");
        await PublishAsync(store, "/b", tags: null);
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Tags, isSoft: true)));
        Assert.True(await store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Open(copy);
        Assert.Equal((true, false), (Find("/a").Response.IsPurged, Find("/b").Response.IsPurged));
        Assert.False(Find("/a").Response.Freshness.IsFreshAt(Now));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Tags_and_a_soft_purge_survive_a_stop_and_a_kill(bool isKilled)
    {
        using var copy = new TestDirectory("purge-tags");
        using (var store = Open(_directory))
        {
            await PublishAsync(store, "/a", tags: "one,two");
            _index.Expire("/a"u8, Now);
            await PublishAsync(store, "/b", tags: string.Join(',', Enumerable.Range(0, 1000)));
            Assert.True(await store.FlushAsync());
            KilledCache.Copy(_directory, copy);
        }

        using var next = Open(isKilled ? copy : _directory);
        Assert.True(Find("/a").Response.IsPurged);
        var tags = Find("/a").Response.Tags!;
        Assert.Equal((true, false), (tags.HasAnyOf([CacheTags.HashOf("two")]), tags.HasAnyOf([CacheTags.HashOf("three")])));
        Assert.True(Find("/b").Response.Tags!.IsCut);
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Tags, isSoft: false)));
        Assert.DoesNotContain(Keys(), key => _index.TryGet(StoredObjects.Key(key).Bytes, new FieldTable(), out _));
    }

    [Fact]
    public async Task Validation_that_takes_the_tags_away_is_remembered()
    {
        using var store = Open(_directory);
        await PublishAsync(store, "/a", tags: "one");
        Find("/a").Freshen(StoredObjects.Response(Unit));
        Assert.True(await store.FlushAsync());

        using var copy = KilledCache.CopyOf(_directory);
        using var next = Open(copy);
        Assert.Null(Find("/a").Response.Tags);
    }

    [Fact]
    public async Task Rewrite_of_the_index_leaves_out_what_was_purged()
    {
        using (var store = Open(_directory))
        {
            await PublishAsync(store, "/a/x", tags: null);
            await PublishAsync(store, "/b", tags: null);
            Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
        }

        var inspected = StoreInspection.Read(_directory.Path, out _)!;
        Assert.Equal(["/b"], inspected.Objects.Select(stored => stored.Key));
    }

    [Fact]
    public async Task Inspection_shows_nothing_that_is_purged()
    {
        using var store = Open(_directory);
        await PublishAsync(store, "/a/x", tags: null);
        await PublishAsync(store, "/b", tags: null);
        Assert.True(_index.Purges.TryAdd(NewPurge(PurgeScope.Prefix, isSoft: false)));
        Assert.True(await store.FlushAsync());

        Assert.Equal(["/b"], StoreInspection.Read(_directory.Path, out _)!.Objects.Select(stored => stored.Key));
    }

    [Fact]
    public async Task Records_of_tags_weigh_what_is_written_of_them()
    {
        using var store = SliceStore.CreateInMemory(1 << 20, _time);
        var generation = NewGeneration(store, "/a", "one,two,three");
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
        var buffer = new RecordBuffer();
        Assert.True(generation.TryLease(0, out var slice));
        IndexRecords.WriteSlice(buffer, slice);
        slice.Release();
        IndexRecords.WriteObject(buffer, generation);
        Assert.Equal(buffer.Length, IndexWeight.JournalBytesOf(generation));
    }

    private Instant Now => Instant.Now(_time);

    private Purge NewPurge(PurgeScope scope, bool isSoft) => scope switch
    {
        PurgeScope.Prefix => Purge.OfPrefix("/a/"u8, isSoft, Now),
        PurgeScope.Tags => Purge.OfTags(CacheTags.HashesOf("one"u8), isSoft, Now),
        _ => Purge.OfAll(isSoft, Now),
    };

    private SliceStore Open(TestDirectory directory) => Open(directory, out _);

    private SliceStore Open(TestDirectory directory, out RecoveredIndex recovered)
    {
        _index = new ObjectIndex();
        var store = StoreOpener.Open(directory.Path, CapacityBytes, _index, _time, IndexWriter.DefaultMinRewriteBytes, out recovered);
        store.TenantEmptied = _index.RemoveEmptied;
        return store;
    }

    private async Task PublishAsync(SliceStore store, string key, string? tags)
    {
        var generation = NewGeneration(store, key, tags);
        _index.Publish(generation);
        await StoredObjects.AddAsync(store, generation, sliceIndex: 0);
    }

    private static Generation NewGeneration(SliceStore store, string key, string? tags) =>
        new(StoredObjects.Key(key), StoredObjects.Response(Unit, tags: tags), new SliceGrid(Unit), isShared: true, store);

    private IEnumerable<string> Keys() => _index.Generations.Select(generation => generation.Key.ToString()).Order();

    private Generation Find(string key)
    {
        Assert.True(_index.TryGet(StoredObjects.Key(key).Bytes, new FieldTable(), out var generation), key);
        return generation;
    }
}
