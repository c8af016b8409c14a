using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>The journal is part of the bytes that a store on disk may take; objects go when it would not be (B53).</summary>
[Trait("Behaviour", "B53")]
public sealed class JournalSizeTests : IDisposable
{
    // The least cache_size. Of it a mebibyte is the journal's.
    private const long StoreBytes = 16 << 20;
    private const int Unit = 4096;

    private readonly TestDirectory _directory = new("journal-size");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(0, 0)]
    [InlineData(16L << 20, 1L << 20)]
    [InlineData(16L << 30, 1L << 30)]
    [InlineData(17L << 30, (1L << 30) + (16L << 20))]
    [InlineData(64L << 40, (1L << 40) + (768L << 20))]
    public void Share_of_the_journal_is_a_sixteenth_and_a_64th_beyond_16_gibibytes(long storeBytes, long journalBytes) =>
        Assert.Equal(journalBytes, StoreLayout.JournalBytes(storeBytes));

    [Theory]
    [InlineData(null, null, 0)]
    [InlineData("\"v1\"", null, 1)]
    [InlineData("\"v1\"", "Mon, 23 Nov 2026 11:00:00 GMT", 3)]
    public async Task Records_weigh_what_is_written_of_them(string? entityTag, string? lastModified, int slices)
    {
        using var store = SliceStore.CreateInMemory(StoreBytes, TimeProvider.System);
        var generation = new Generation(
            StoredObjects.Key(),
            StoredObjects.Response(16 * Unit, entityTag, lastModified, headBytes: 77),
            new SliceGrid(Unit),
            isShared: true,
            store)
        {
            TierMark = slices == 0 ? null : new TierMark(1, 2, 3),
            Selecting = slices == 0 ? null : SelectingFields.Restore([("accept"u8.ToArray(), "a"u8.ToArray()), ("origin"u8.ToArray(), [])]),
        };
        var buffer = new RecordBuffer();
        for (int index = 0; index < slices; index++)
        {
            await StoredObjects.AddAsync(store, generation, index);
            Assert.True(generation.TryLease(index, out var slice));
            IndexRecords.WriteSlice(buffer, slice);
            slice.Release();
        }

        IndexRecords.WriteObject(buffer, generation);
        Assert.Equal(buffer.Length, IndexWeight.JournalBytesOf(generation));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(20_000)]
    public async Task Directory_stays_within_its_bytes_while_objects_without_a_body_come(int headBytes)
    {
        var index = new ObjectIndex();
        int count = 8_000_000 / (500 + headBytes);
        using (var store = Open(index))
        {
            for (int number = 0; number < count; number++)
            {
                index.Publish(NewGeneration(store, $"/{number}", headBytes));
                if (number % 100 == 0)
                {
                    Assert.True(await store.FlushAsync());
                    AssertFits();
                }
            }

            Assert.InRange(index.JournalBytes, StoreBytes / 16 / 4, StoreBytes / 16 / 8 * 3);
        }

        AssertFits();
        AssertFound(index, count);
        var again = new ObjectIndex();
        using var next = Open(again, out var recovered);
        Assert.Equal(new RecoveredIndex { Objects = index.Count, WasClosed = true }, recovered);
        AssertFound(again, count);
    }

    [Fact]
    public async Task Directory_stays_within_its_bytes_while_one_object_changes()
    {
        var index = new ObjectIndex();
        using var store = Open(index);
        var generation = NewGeneration(store, "/a", headBytes: 10_000);
        index.Publish(generation);
        for (int change = 0; change < 2000; change++)
        {
            generation.Freshen(generation.Response);
            if (change % 10 == 0)
            {
                Assert.True(await store.FlushAsync());
                AssertFits();
            }
        }
    }

    // More comes at once than the journal may have at all: the index is given up, and written anew of what is there.
    [Fact]
    public async Task Directory_stays_within_its_bytes_when_more_changes_at_once_than_it_has_room_for()
    {
        var index = new ObjectIndex();
        using (var store = Open(index))
        {
            var generation = NewGeneration(store, "/a", headBytes: 10_000);
            index.Publish(generation);
            Assert.True(await store.FlushAsync());
            for (int round = 0; round < 5; round++)
            {
                for (int change = 0; change < 1000; change++)
                {
                    generation.Freshen(generation.Response);
                }

                Assert.True(await store.FlushAsync());
                AssertFits();
            }
        }

        AssertFits();
        var again = new ObjectIndex();
        using var next = Open(again);
        Assert.True(again.Contains(StoredObjects.Key("/a").Bytes));
    }

    // As an earlier version has left it, or after cache_size was made smaller.
    [Fact]
    public async Task Directory_full_of_slices_makes_room_for_its_journal_at_the_start()
    {
        int slices = (int)(StoreBytes / Unit);
        var index = new ObjectIndex();
        using (var store = StoreOpener.Open(
            _directory.Path, StoreBytes, index, TimeProvider.System, IndexWriter.DefaultMinRewriteBytes, out _))
        {
            var generation = StoredObjects.Generation(store, slices, Unit, target: "/a");
            index.Publish(generation);
            for (int slice = 0; slice < slices; slice++)
            {
                await StoredObjects.AddAsync(store, generation, slice);
            }
        }

        Assert.True(DirectoryBytes() > StoreBytes);
        var again = new ObjectIndex();
        using (var store = Open(again, out var recovered))
        {
            Assert.Equal((1, slices / 16), (recovered.Objects, recovered.DroppedSlices));
            Assert.True(await store.FlushAsync());
            AssertFits();
        }

        AssertFits();
    }

    private static void AssertFound(ObjectIndex index, int count)
    {
        Assert.True(index.TryGet(StoredObjects.Key($"/{count - 1}").Bytes, new FieldTable(), out _));
        Assert.False(index.TryGet(StoredObjects.Key("/0").Bytes, new FieldTable(), out _));
    }

    private static Generation NewGeneration(SliceStore store, string target, int headBytes) =>
        new(StoredObjects.Key(target), StoredObjects.Response(0, headBytes: headBytes), new SliceGrid(Unit), isShared: true, store);

    private SliceStore Open(ObjectIndex index) => Open(index, out _);

    private SliceStore Open(ObjectIndex index, out RecoveredIndex recovered)
    {
        var store = StoreOpener.Open(_directory.Path, StoreBytes, index, TimeProvider.System, out recovered);
        store.TenantEmptied = index.RemoveEmptied;
        return store;
    }

    private void AssertFits() => Assert.InRange(DirectoryBytes(), 1, StoreBytes);

    // A file that takes another's place, or goes, is one that is not there.
    private long DirectoryBytes() => new DirectoryInfo(_directory.Path).GetFiles().Sum(static file => file.Exists ? file.Length : 0);
}
