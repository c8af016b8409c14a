using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Objects;

public sealed class ObjectIndexTests : IDisposable
{
    private const int SliceBytes = 16;

    private readonly SliceStore _store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
    private readonly ObjectIndex _index = new();

    public void Dispose() => _store.Dispose();

    [Fact]
    public void Published_generation_is_found_by_the_bytes_of_its_key()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);
        Assert.Same(generation, Find("/a"));
        Assert.Null(Find("/b"));
        Assert.Equal(1, _index.Count);
    }

    [Fact]
    public void Published_generation_retires_the_one_before_it()
    {
        var old = NewGeneration("/a");
        var other = NewGeneration("/b");
        var current = NewGeneration("/a");
        _index.Publish(old);
        _index.Publish(other);
        _index.Publish(current);
        Assert.Same(current, Find("/a"));
        Assert.Equal([true, false, false], new[] { old, other, current }.Select(generation => generation.IsRetired));
    }

    [Fact]
    public void Generation_published_twice_stays_live()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);
        _index.Publish(generation);
        Assert.False(generation.IsRetired);
        Assert.Same(generation, Find("/a"));
    }

    // Slices of the second in which an object was modified, and later ones under the same validators (B25).
    [Fact]
    public async Task Generation_after_its_second_takes_the_place_of_the_one_of_it_and_both_keep_their_slices_for_its_readers()
    {
        var doubtful = NewGeneration("/a");
        _index.Publish(doubtful);
        await StoredObjects.AddAsync(_store, doubtful, sliceIndex: 0);
        Assert.True(doubtful.TryAddReader());

        var after = _index.AfterItsSecond(doubtful, ValidatorStrength.Strict);

        Assert.NotNull(after);
        Assert.Same(after, _index.AfterItsSecond(doubtful, ValidatorStrength.Strict));
        Assert.Same(after, Find("/a"));
        Assert.Equal((true, 1, 0), (doubtful.IsReplaced, doubtful.StoredSlices, after.StoredSlices));

        await StoredObjects.AddAsync(_store, after, sliceIndex: 0);
        _index.Publish(NewGeneration("/a"));
        Assert.Equal((1, 1, true), (doubtful.StoredSlices, after.StoredSlices, after.IsRetired));

        doubtful.RemoveReader();
        await Eventually.TrueAsync(() => _store is { UsedBytes: 0, SliceCount: 0 }, "nothing is left of either");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Generation_of_its_second_that_was_purged_or_replaced_has_none_after_it(bool isReplaced)
    {
        var doubtful = NewGeneration("/a");
        _index.Publish(doubtful);
        Assert.True(doubtful.TryAddReader());
        var current = NewGeneration("/a");
        if (isReplaced)
        {
            _index.Publish(current);
        }
        else
        {
            _index.Remove("/a"u8);
        }

        Assert.Null(_index.AfterItsSecond(doubtful, ValidatorStrength.Strict));

        Assert.Same(isReplaced ? current : null, Find("/a"));
        doubtful.RemoveReader();
    }

    // Each round one of them: what the readers got is never found in the index once the object was purged.
    [Fact]
    public async Task Object_that_is_purged_while_its_second_ends_does_not_come_back()
    {
        for (int round = 0; round < 300; round++)
        {
            var doubtful = NewGeneration("/a");
            _index.Publish(doubtful);
            Assert.True(doubtful.TryAddReader());
            var ending = Task.Run(() => _index.AfterItsSecond(doubtful, ValidatorStrength.Strict), TestContext.Current.CancellationToken);
            _index.Remove("/a"u8);
            var after = await Deadline.WithinAsync(ending, "the end of the second");
            Assert.Null(Find("/a"));
            Assert.NotEqual(false, after?.IsRetired);
            doubtful.RemoveReader();
        }
    }

    [Fact]
    public void Generation_that_retired_before_it_was_published_is_not_found()
    {
        // Its first slice failed at once, and whoever found that out removed it before the index had it.
        var generation = NewGeneration("/a");
        _index.Remove(generation);
        _index.Publish(generation);
        Assert.Null(Find("/a"));
    }

    [Fact]
    public async Task Remove_by_key_retires_and_counts_the_slices()
    {
        var generation = NewGeneration("/a");
        _index.Publish(generation);
        await StoredObjects.AddAsync(_store, generation, sliceIndex: 0);
        await StoredObjects.AddAsync(_store, generation, sliceIndex: 2);

        Assert.Equal(2, _index.Remove("/a"u8));

        Assert.True(generation.IsRetired);
        Assert.Null(Find("/a"));
        Assert.Equal(-1, _index.Remove("/a"u8));
        await Eventually.TrueAsync(() => _store.UsedBytes == 0, "the purged slices are free");
    }

    [Fact]
    public void Remove_of_an_object_without_slices_is_not_nothing()
    {
        _index.Publish(NewGeneration("/a"));
        Assert.Equal(0, _index.Remove("/a"u8));
    }

    [Fact]
    public void Remove_of_a_replaced_generation_leaves_its_successor()
    {
        var old = NewGeneration("/a");
        var current = NewGeneration("/a");
        _index.Publish(old);
        _index.Publish(current);
        _index.Remove(old);
        Assert.Same(current, Find("/a"));
        _index.Remove(current);
        Assert.Null(Find("/a"));
        Assert.True(current.IsRetired);
    }

    [Fact]
    [Trait("Behaviour", "B52")]
    public void Removal_between_request_and_answer_wins_over_the_answer_for_that_key_only()
    {
        var seen = _index.MarkOf("/a"u8);
        var seenOfOther = _index.MarkOf(Encoding.ASCII.GetBytes(TargetWithTheSlotOf("/a")));
        _index.Remove("/a"u8);

        var removed = NewGeneration("/a");
        var other = NewGeneration(TargetWithTheSlotOf("/a"));
        _index.Publish(removed, seen);
        _index.Publish(other, seenOfOther);

        Assert.Equal((true, false), (removed.IsRetired, other.IsRetired));
        Assert.Null(Find("/a"));
        Assert.Same(other, Find(TargetWithTheSlotOf("/a")));
    }

    private static string TargetWithTheSlotOf(string target)
    {
        int slot = SlotOf(target);
        return Enumerable.Range(0, int.MaxValue).Select(number => "/" + number).First(other => SlotOf(other) == slot);
    }

    private static int SlotOf(string target) =>
        CacheKeyComparer.HashOf(Encoding.ASCII.GetBytes(target)) & (RecentRemovals.Slots - 1);

    private Generation NewGeneration(string target) => StoredObjects.Generation(_store, slices: 4, SliceBytes, target: target);

    private Generation? Find(string target) =>
        _index.TryGet(Encoding.Latin1.GetBytes(target), new FieldTable(), out var generation) ? generation : null;
}
