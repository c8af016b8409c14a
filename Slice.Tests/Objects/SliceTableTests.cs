using CsCheck;
using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

public sealed class SliceTableTests : IDisposable
{
    private const int Million = 1 << 20;

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);

    public void Dispose() => _store.Dispose();

    // The lowest pages have 32 slots; the last one is as short as the object.
    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
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

    [Theory]
    [Trait("Behaviour", "B53")]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(1 << 19)]
    [InlineData((1 << 19) + 1)]
    [InlineData(Generation.MaxSlices)]
    public async Task Table_weighs_what_is_stored_and_not_what_is_claimed(int slices)
    {
        var table = new SliceTable(slices);
        long empty = table.Bytes;
        int[] places = [.. new[] { 0, slices / 3, slices / 2, slices - 1 }.Distinct()];
        var slice = await NewSliceAsync();
        foreach (int index in places)
        {
            Assert.True(table.TryAdd(index, slice));
            Assert.False(table.TryAdd(index, slice));
            Assert.Same(slice, table.Find(index));
        }

        Assert.Equal(places.Length, table.All.Count());
        Assert.Equal(places.Length, table.CountStored(0, slices, out _));
        Assert.InRange(table.Bytes, empty, places.Length * 4096);
        foreach (int index in places)
        {
            Assert.True(table.TryRemove(index, slice));
            Assert.Null(table.Find(index));
        }

        Assert.InRange(empty, 1, 1200);
        Assert.Equal(empty, table.Bytes);
    }

    [Fact]
    [Trait("Behaviour", "B53")]
    public async Task Slices_that_pass_through_the_largest_object_leave_no_page_behind()
    {
        var table = new SliceTable(Generation.MaxSlices);
        var slice = await NewSliceAsync();
        long empty = table.Bytes;
        for (int index = 0; index < Generation.MaxSlices; index += 1 << 14)
        {
            Assert.True(table.TryAdd(index, slice));
            Assert.InRange(table.Bytes, empty, 4096);
            Assert.True(table.TryRemove(index, slice));
        }

        Assert.Equal(empty, table.Bytes);
    }

    // The pages come and go under the four of them, at every level; two indexes share each lowest page.
    [Fact]
    [Trait("Behaviour", "B53")]
    public async Task Pages_that_come_and_go_lose_no_slice()
    {
        const int Rounds = 20_000;
        var table = new SliceTable(Generation.MaxSlices);
        long empty = table.Bytes;
        var slices = new[] { await NewSliceAsync(), await NewSliceAsync(), await NewSliceAsync(), await NewSliceAsync() };
        int[] places = [0, 1, 4096, 4097];
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                int index = places[(worker + ((round & 1) * 2)) & 3];
                if (table.TryAdd(index, slices[worker]))
                {
                    Assert.Same(slices[worker], table.Find(index));
                    Assert.True(table.TryRemove(index, slices[worker]));
                }
            }
        }));

        await Deadline.WithinAsync(Task.WhenAll(workers), "four workers");

        Assert.Equal(0, table.Stored);
        Assert.Empty(table.All);
        Assert.Equal(empty, table.Bytes);
    }

    // A full GET of a terabyte says how much of it is stored before its head goes out.
    [Theory]
    [InlineData(0, Million, 0)]
    [InlineData(1, Million - 1, 1)]
    [InlineData(0, Million - 7, 7)]
    [InlineData(Million - 3, 3, 3)]
    [InlineData(32, 64, 2)]
    [InlineData(5, Million - 9, 9)]
    [InlineData(Million / 4, Million / 2, Million / 2 / 32)]
    public async Task Count_in_a_million_slices_looks_at_the_shorter_side_and_passes_over_what_is_not_there(
        int first, int count, int maxLooks)
    {
        var table = new SliceTable(Million);
        var slice = await NewSliceAsync();
        foreach (int index in (int[])[0, 3, Million - 4, Million - 1])
        {
            Assert.True(table.TryAdd(index, slice));
        }

        int stored = table.CountStored(first, count, out int looks);

        Assert.Equal(Enumerable.Range(first, count).Count(index => table.Find(index) is not null), stored);
        Assert.InRange(looks, 0, maxLooks);
    }

    [Fact]
    public async Task Count_agrees_with_a_look_at_every_slot()
    {
        var slice = await NewSliceAsync();
        Gen.Select(Gen.Int[1, 200], Gen.Int[0, 1000].Array[0, 250], Gen.Int[0, 1000], Gen.Int[0, 1000]).Sample((slots, stored, from, to) =>
        {
            var table = new SliceTable(slots);
            Array.ForEach(stored, index => table.TryAdd(index % slots, slice));
            int first = from % slots;
            int count = to % (slots - first + 1);

            int counted = table.CountStored(first, count, out int looks);

            Assert.Equal(Enumerable.Range(first, count).Count(index => table.Find(index) is not null), counted);
            Assert.InRange(looks, 0, (slots + 1) / 2);
        });
    }

    [Fact]
    public async Task Count_stays_within_its_bounds_while_slices_come_and_go()
    {
        const int Slots = 40;
        var table = new SliceTable(Slots);
        var slice = await NewSliceAsync();
        bool isDone = false;
        var changing = Task.Run(
            () =>
            {
                while (!Volatile.Read(ref isDone))
                {
                    for (int index = 0; index < Slots; index++)
                    {
                        table.TryAdd(index, slice);
                    }

                    table.Clear(static _ => { });
                }
            },
            TestContext.Current.CancellationToken);

        for (int round = 0; round < 20_000; round++)
        {
            Assert.InRange(table.CountStored(1, Slots - 1, out _), 0, Slots - 1);
            Assert.InRange(table.CountStored(0, Slots, out _), 0, Slots);
            Assert.InRange(table.CountStored(0, Slots - 2, out _), 0, Slots - 2);
        }

        Volatile.Write(ref isDone, true);
        await Deadline.WithinAsync(changing, "the other thread");
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
