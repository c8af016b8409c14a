using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

public sealed class SliceTableTests : IDisposable
{
    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    // Chunks have 256 slots; the last one is as short as the object.
    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(511)]
    [InlineData(512)]
    [InlineData(599)]
    public async Task Slice_is_found_where_it_was_put_and_nowhere_else(int sliceIndex)
    {
        var table = new SliceTable(600);
        var slice = await NewSliceAsync();

        Assert.True(table.TryAdd(sliceIndex, slice));

        Assert.Equal(1, table.Stored);
        for (int index = 0; index < 600; index++)
        {
            Assert.Equal(index == sliceIndex ? slice : null, table.Find(index));
        }
    }

    [Fact]
    public async Task Occupied_slot_takes_no_other_slice()
    {
        var table = new SliceTable(2);
        var slice = await NewSliceAsync();
        Assert.True(table.TryAdd(1, slice));
        Assert.False(table.TryAdd(1, await NewSliceAsync()));
        Assert.Equal(1, table.Stored);
        Assert.Same(slice, table.Find(1));
    }

    [Fact]
    public async Task Remove_takes_exactly_the_slice_it_names()
    {
        var table = new SliceTable(2);
        var slice = await NewSliceAsync();
        Assert.True(table.TryAdd(1, slice));
        Assert.False(table.TryRemove(1, await NewSliceAsync()));
        Assert.False(table.TryRemove(0, slice));
        Assert.True(table.TryRemove(1, slice));
        Assert.False(table.TryRemove(1, slice));
        Assert.Equal(0, table.Stored);
        Assert.Null(table.Find(1));
    }

    [Fact]
    public async Task Clear_hands_over_every_slice_once()
    {
        var table = new SliceTable(600);
        var slices = new List<StoredSlice>();
        foreach (int index in (int[])[0, 300, 599])
        {
            slices.Add(await NewSliceAsync());
            Assert.True(table.TryAdd(index, slices[^1]));
        }

        var removed = new List<StoredSlice>();
        table.Clear(removed.Add);
        table.Clear(removed.Add);

        Assert.Equal(slices, removed);
        Assert.Equal(0, table.Stored);
    }

    [Fact]
    public async Task One_of_many_threads_fills_a_slot_and_one_empties_it()
    {
        const int Indexes = 1000;
        var table = new SliceTable(Indexes);
        var slice = await NewSliceAsync();
        int added = 0;
        int removed = 0;
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (int index = 0; index < Indexes; index++)
            {
                Interlocked.Add(ref added, table.TryAdd(index, slice) ? 1 : 0);
                Interlocked.Add(ref removed, table.TryRemove(index, slice) ? 1 : 0);
            }
        }));

        await Deadline.WithinAsync(Task.WhenAll(workers), "four workers");

        Assert.Equal(added, removed + table.Stored);
        Assert.Equal(Enumerable.Range(0, Indexes).Count(index => table.Find(index) is not null), table.Stored);
    }

    private async Task<StoredSlice> NewSliceAsync() => (await _store.ReserveAsync(1))!.Slice;
}
