using System.Text;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

/// <summary>Memory of the index has a budget in bytes, whatever the records are made of (B53).</summary>
[Trait("Behaviour", "B53")]
public sealed class IndexMemoryTests : IDisposable
{
    private const int Budget = 1 << 20;
    private const int SliceBytes = 16;

    private readonly SliceStore _store = SliceStore.CreateInMemory(4 << 20, TimeProvider.System);
    private readonly ObjectIndex _index = new(Budget);

    public IndexMemoryTests() => _store.TenantEmptied = _index.RemoveEmptied;

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    [InlineData(8000)]
    [InlineData(Budget / 40)]
    public void Redirects_stay_within_the_budget_however_long_their_heads_are(int headBytes)
    {
        const int Count = 4000;
        for (int number = 0; number < Count; number++)
        {
            Publish($"/{number}", headBytes);
            Assert.InRange(_index.MemoryBytes, 1, Budget);
        }

        Assert.NotNull(Find($"/{Count - 1}"));
        Assert.Null(Find("/0"));
        Assert.InRange(_index.Count, Budget / (3 * (headBytes + 1000)), Budget / (2 * (headBytes + 500)));
    }

    [Fact]
    public void Long_query_weighs_as_much_as_one_of_256_bytes_and_is_found_and_purged_by_all_its_bytes()
    {
        string target = "/r?" + new string('q', 8000);
        var generation = Publish(target + "1", 100);
        long one = _index.MemoryBytes;
        Publish(target + "2", 100);
        Assert.Equal(2 * one, _index.MemoryBytes);
        Assert.InRange(one, 1000, 3000);
        Assert.Same(generation, _index.TryGet(Encoding.Latin1.GetBytes(target + "1"), new FieldTable(), out var found) ? found : null);
        Assert.Equal(0, _index.Remove(Encoding.Latin1.GetBytes(target + "1")));
        Assert.False(_index.Contains(Encoding.Latin1.GetBytes(target + "1")));
        Assert.True(_index.Contains(Encoding.Latin1.GetBytes(target + "2")));
    }

    [Fact]
    public void Record_larger_than_the_budget_is_not_kept()
    {
        var kept = Publish("/small", 10);
        var large = Publish("/large", 2 * Budget);
        Assert.True(large.IsRetired);
        Assert.InRange(_index.MemoryBytes, 0, Budget);
        Assert.Equal(kept.IsRetired ? 0 : 1, _index.Count);
    }

    [Fact]
    public void Flood_that_nobody_repeats_leaves_what_is_used()
    {
        string[] used = [.. Enumerable.Range(0, 100).Select(number => $"/used/{number}")];
        Array.ForEach(used, target => Publish(target, 1000));
        foreach (string target in used.Concat(used))
        {
            Assert.NotNull(Find(target));
        }

        for (int number = 0; number < 5000; number++)
        {
            Publish($"/flood/{number}", 1000);
        }

        Assert.All(used, target => Assert.True(_index.Contains(StoredObjects.Key(target).Bytes), target));
        Assert.InRange(_index.MemoryBytes, 1, Budget);
    }

    // They have their ghosts: evicted on probation, they are worth more than others of their age. Ghosts are a guess, in buckets that the
    // hash of the process fills unevenly: most must do.
    [Fact]
    public void Most_records_that_come_again_soon_outlive_the_next_flood()
    {
        string[] again = [.. Enumerable.Range(0, 20).Select(number => $"/again/{number}")];
        PublishAll(again);
        Flood(0);
        Assert.All(again, target => Assert.Null(Find(target)));
        PublishAll(again);
        Flood(1000);
        Assert.InRange(again.Count(target => Find(target) is not null), again.Length / 2, again.Length);

        void PublishAll(string[] targets) => Array.ForEach(targets, target => Publish(target, 1000));

        void Flood(int first) => PublishAll([.. Enumerable.Range(first, 700).Select(number => $"/{number}")]);
    }

    [Fact]
    public async Task Slices_heads_and_tables_count_while_they_are_there()
    {
        var generation = StoredObjects.Generation(_store, slices: 100_000, SliceBytes);
        _index.Publish(generation);
        long bare = _index.MemoryBytes;
        var slice = await StoredObjects.AddAsync(_store, generation, 77_777);
        long withSlice = _index.MemoryBytes;
        Assert.InRange(withSlice - bare, 64, 4096);

        generation.Freshen(StoredObjects.Response(100_000 * SliceBytes, headBytes: 5000));
        Assert.Equal(withSlice + (5000 * 5 / 2), _index.MemoryBytes);

        generation.Drop(slice);
        Assert.Equal(bare + (5000 * 5 / 2), _index.MemoryBytes);
        _index.Remove(generation);
        Assert.Equal(0, _index.MemoryBytes);
    }

    [Fact]
    public void What_is_replaced_purged_or_ended_before_it_was_found_weighs_nothing()
    {
        Publish("/a", 100);
        long one = _index.MemoryBytes;
        var second = Publish("/a", 100);
        _index.Publish(second);
        Assert.Equal(one, _index.MemoryBytes);
        Assert.Equal(0, _index.Remove(StoredObjects.Key("/a").Bytes));
        Assert.Equal(0, _index.MemoryBytes);

        var ended = NewGeneration("/b", 100);
        ended.Retire();
        _index.Publish(ended);
        Assert.Equal((0, 0L), (_index.Count, _index.MemoryBytes));
    }

    [Fact]
    public void Object_that_is_being_filled_goes_last()
    {
        var filling = Publish("/filling", 1000, completeLength: SliceBytes);
        filling.FetchStarted();
        for (int number = 0; number < 2000; number++)
        {
            Publish($"/{number}", 1000);
        }

        Assert.False(filling.IsRetired);
        filling.FetchEnded();
        for (int number = 2000; number < 4000; number++)
        {
            Publish($"/{number}", 1000);
        }

        Assert.True(filling.IsRetired);
    }

    [Fact]
    public void Budget_holds_when_everything_is_being_filled()
    {
        for (int number = 0; number < 1000; number++)
        {
            Publish($"/{number}", 1000, completeLength: SliceBytes).FetchStarted();
            Assert.InRange(_index.MemoryBytes, 1, Budget);
        }
    }

    [Fact]
    public async Task Threads_that_publish_use_and_remove_leave_nothing_uncounted()
    {
        var workers = Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            for (int number = 0; number < 3000; number++)
            {
                string target = $"/{number % 97}";
                var generation = Publish(target, 3000);
                Find($"/{(number * 7) % 97}");
                generation.Freshen(StoredObjects.Response(0, headBytes: number % 5000));
                if (number % 3 == worker % 3)
                {
                    _index.Remove(StoredObjects.Key(target).Bytes);
                }
            }
        }));
        await Deadline.WithinAsync(Task.WhenAll(workers), "four workers");

        Assert.InRange(_index.MemoryBytes, 0, Budget);
        _index.Clear();
        Assert.Equal((0, 0L), (_index.Count, _index.MemoryBytes));
    }

    private Generation Publish(string target, int headBytes, long completeLength = 0)
    {
        var generation = NewGeneration(target, headBytes, completeLength);
        _index.Publish(generation);
        return generation;
    }

    private Generation NewGeneration(string target, int headBytes, long completeLength = 0) =>
        new(
            StoredObjects.Key(target),
            StoredObjects.Response(completeLength, headBytes: headBytes),
            new SliceGrid(SliceBytes),
            isShared: true,
            _store);

    private Generation? Find(string target) =>
        _index.TryGet(StoredObjects.Key(target).Bytes, new FieldTable(), out var found) ? found : null;
}
