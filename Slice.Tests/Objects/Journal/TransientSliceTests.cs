using Microsoft.Extensions.Time.Testing;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects.Journal;

/// <summary>What lies in the overflow of a store on disk is not there at the next start, and no index says so.</summary>
public sealed class TransientSliceTests : IDisposable
{
    private const int Unit = ExtentAllocator.UnitBytes;

    private readonly FakeTimeProvider _time = new();
    private readonly TestDirectory _directory = new("transient");
    private readonly ObjectIndex _index = new();

    public void Dispose() => _directory.Dispose();

    // Stored before and after their object was published; written as changes, and as an index that is written anew after each of them.
    [Theory]
    [InlineData(4L << 20)]
    [InlineData(0L)]
    public async Task Journal_never_names_a_transient_slice(long minRewriteBytes)
    {
        using (var store = StoreOpener.Open(_directory.Path, 2 * Unit, _index, _time, minRewriteBytes, out _))
        {
            store.TenantEmptied = _index.RemoveEmptied;
            var generation = StoredObjects.Generation(store, slices: 16, Unit, target: "/a");
            await StoredObjects.AddAsync(store, generation, sliceIndex: 0, seed: 5);
            Assert.True(generation.TryLease(0, out var leased));
            var held = (await store.ReserveAsync(Unit))!.Slice;
            await AddTransientAsync(store, generation, sliceIndex: 1);
            _index.Publish(generation);
            for (int index = 2; index < 8; index++)
            {
                await AddTransientAsync(store, generation, index);
                Assert.True(await store.FlushAsync());
            }

            Assert.True(generation.TryLease(3, out var dropped));
            generation.Drop(dropped);
            dropped.Release();
            generation.Freshen(generation.Response);
            Assert.True(await store.FlushAsync());
            Assert.Equal([0], SlicesNamed());
            leased.Release();
            held.Release();
        }

        Assert.Equal([0], SlicesNamed());
        var again = new ObjectIndex();
        using var next = StoreOpener.Open(_directory.Path, 2 * Unit, again, _time, minRewriteBytes, out var recovered);
        Assert.Equal(new RecoveredIndex { Objects = 1, Slices = 1, WasClosed = true }, recovered);
        Assert.True(again.TryGet(StoredObjects.Key("/a").Bytes, new FieldTable(), out var found));
        Assert.Equal([0], found.Slices.Select(slice => slice.SliceIndex));
    }

    [Fact]
    [Trait("Behaviour", "B46")]
    public async Task Store_that_begins_anew_forgets_its_transient_slices_too()
    {
        using var store = StoreOpener.Open(_directory.Path, Unit, _index, _time, IndexWriter.DefaultMinRewriteBytes, out _);

        // Not on the journal's thread, which the end of the test waits for.
        var begunAnew = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.HasBegunAnew = begunAnew.SetResult;
        var held = (await store.ReserveAsync(Unit))!.Slice;
        var generation = StoredObjects.Generation(store, slices: 2, Unit, target: "/a");
        _index.Publish(generation);
        var slice = await AddTransientAsync(store, generation, sliceIndex: 0);
        Assert.True(generation.TryLease(0, out _));
        foreach (string path in Directory.GetFiles(_directory.Path))
        {
            File.Delete(path);
        }

        await Deadline.WithinAsync(begunAnew.Task, "the store begins anew");

        Assert.Equal(0, _index.Count);
        await Eventually.TrueAsync(() => generation.StoredSlices == 0, "the generation is empty");
        Assert.Equal(TestContent.Bytes(0, Unit, seed: 0), StoredObjects.Bytes(slice));
        slice.Release();
        held.Release();
        Assert.Equal(0, store.OverflowBytes);
        Assert.False((await store.ReserveAsync(Unit))!.Slice.IsTransient);
    }

    private static async Task<StoredSlice> AddTransientAsync(SliceStore store, Generation generation, int sliceIndex)
    {
        var slice = await StoredObjects.AddAsync(store, generation, sliceIndex);
        Assert.True(slice.IsTransient);
        return slice;
    }

    private IEnumerable<int> SlicesNamed()
    {
        var reader = new SliceReader();
        var contents = IndexFile.Read(_directory.Combine(StoreLayout.IndexFileName), payload => IndexRecords.Read(payload.Span, reader));
        Assert.Equal(IndexFileState.Usable, contents.State);
        return reader.Named.Distinct();
    }

    private sealed class SliceReader : IIndexRecordVisitor
    {
        public List<int> Named { get; } = [];

        public bool IsClosed { get; set; }

        public void Object(IndexedObject indexed)
        {
        }

        public void Freshened(uint id, StoredResponse response)
        {
        }

        public void ObjectGone(uint id)
        {
        }

        public void Slice(IndexedSlice indexed) => Named.Add(indexed.SliceIndex);

        public void SliceGone(uint id, int sliceIndex) => Named.Add(sliceIndex);

        public void Purged(Purge purge)
        {
        }

        public void Swept(long number)
        {
        }
    }
}
