using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.Storage;

public sealed class S3FifoEvictionTests : IDisposable
{
    private readonly EvictionBed _bed = new();
    private readonly S3FifoEviction _eviction = new(EvictionBed.IdentityOf);
    private readonly List<StoredSlice> _slices = [];

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void Victim_of_nothing_is_null() => Assert.Null(_eviction.TakeVictim());

    [Fact]
    public void Unused_slices_go_in_the_order_in_which_they_came()
    {
        Add(3);
        Assert.Equal([0, 1, 2], TakeAll());
        Assert.Equal(0, _eviction.Count);
    }

    [Fact]
    public void Slice_used_once_goes_like_one_never_used()
    {
        Add(2);
        Use(0, times: 1);
        Assert.Equal([0, 1], TakeAll());
    }

    [Fact]
    public void Slice_used_twice_moves_to_the_main_queue()
    {
        Add(20);
        Use(0, times: 2);
        Assert.Equal(1, _eviction.TakeVictim()!.SliceIndex);
        Assert.Equal(SliceQueue.Main, _slices[0].Queue);
        Assert.Equal(0, _slices[0].Uses);
    }

    // The journal looks at the queue without the store's lock: what it misses is not there after a crash.
    [Theory]
    [InlineData(SliceQueue.Small)]
    [InlineData(SliceQueue.Main)]
    public async Task Slice_that_is_passed_over_is_in_its_queue_all_the_time(object name)
    {
        var queue = (SliceQueue)name;
        for (int number = 0; number < 2; number++)
        {
            var slice = _bed.Slice(number);
            _slices.Add(slice);
            _eviction.Restore(slice, queue);
        }

        Use(0, times: 1);
        Array.ForEach([.. _slices], slice => slice.LeaseAgain());
        bool isDone = false;
        var looking = Task.Run(
            () =>
            {
                bool hasLeft = false;
                while (!Volatile.Read(ref isDone))
                {
                    hasLeft |= _slices[0].Queue != queue;
                }

                return hasLeft;
            },
            TestContext.Current.CancellationToken);

        // Some thousand looks each.
        for (int count = 0; count < 300; count++)
        {
            Assert.Null(_eviction.TakeVictim());
        }

        Volatile.Write(ref isDone, true);
        Assert.False(await Deadline.WithinAsync(looking, "the other thread"));
    }

    // Of an old version that is being sent; one of three is less than half of them.
    [Theory]
    [InlineData(SliceQueue.Small)]
    [InlineData(SliceQueue.Main)]
    public void Slice_that_is_held_goes_after_the_others(object name)
    {
        var eviction = new S3FifoEviction(EvictionBed.IdentityOf) { IsHeld = static slice => slice.SliceIndex == 0 };
        for (int number = 0; number < 3; number++)
        {
            eviction.Restore(_bed.Slice(number), (SliceQueue)name);
        }

        Assert.Equal([1, 2, 0], Enumerable.Range(0, 3).Select(_ => eviction.TakeVictim()!.SliceIndex));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(10_000)]
    public void Slices_that_are_held_give_way_where_they_are_more_than_half(int count)
    {
        int others = count / 4;
        var eviction = new S3FifoEviction(EvictionBed.IdentityOf) { IsHeld = slice => slice.SliceIndex >= others };
        for (int number = count - 1; number >= 0; number--)
        {
            eviction.Add(_bed.Slice(number));
        }

        int held = Enumerable.Range(0, count / 2).Count(_ => eviction.TakeVictim()!.SliceIndex >= others);

        Assert.InRange(held, count / 4, count / 2);
    }

    [Fact]
    public void Slice_of_the_main_queue_goes_around_once_for_each_use()
    {
        for (int number = 0; number < 3; number++)
        {
            var slice = _bed.Slice(number);
            _slices.Add(slice);
            _eviction.Restore(slice, SliceQueue.Main);
        }

        Use(0, times: 2);
        Use(1, times: 1);
        Assert.Equal([2, 1, 0], TakeAll());
    }

    [Fact]
    public void Slice_that_comes_again_soon_after_it_went_goes_to_the_main_queue()
    {
        Add(1);
        Assert.NotNull(_eviction.TakeVictim());
        var again = _bed.Slice(0);
        _eviction.Add(again);
        Assert.Equal(SliceQueue.Main, again.Queue);
    }

    [Fact]
    public void Scan_displaces_no_slice_of_the_main_queue()
    {
        for (int number = 0; number < 90; number++)
        {
            _eviction.Restore(_bed.Slice(number), SliceQueue.Main);
        }

        for (int number = 1000; number < 1010; number++)
        {
            _eviction.Add(_bed.Slice(number));
        }

        for (int number = 2000; number < 3000; number++)
        {
            _eviction.Add(_bed.Slice(number));
            Assert.True(_eviction.TakeVictim()!.SliceIndex >= 1000);
        }
    }

    [Fact]
    public void Slice_that_is_being_sent_is_never_the_victim()
    {
        Add(3);
        Assert.True(_slices[0].TryLease());
        Assert.True(_slices[2].TryLease());
        Assert.Equal([1], TakeAll());
        Assert.Equal(2, _eviction.Count);
        _slices[2].Release();
        Assert.Equal([2], TakeAll());
    }

    [Fact]
    public void Victim_is_found_when_every_slice_was_used_all_the_time()
    {
        Add(20_000);
        for (int number = 0; number < _slices.Count; number++)
        {
            Use(number, times: 5);
        }

        Assert.NotNull(_eviction.TakeVictim());
        Assert.Equal(19_999, _eviction.Count);
    }

    [Fact]
    public void Removed_slice_is_no_victim_and_is_not_removed_again()
    {
        Add(2);
        Assert.True(_eviction.Remove(_slices[0]));
        Assert.False(_eviction.Remove(_slices[0]));
        Assert.Equal([1], TakeAll());
        Assert.False(_eviction.Remove(_slices[1]));
    }

    private void Add(int count)
    {
        for (int number = 0; number < count; number++)
        {
            _slices.Add(_bed.Slice(number));
            _eviction.Add(_slices[^1]);
        }
    }

    private void Use(int number, int times)
    {
        for (; times > 0; times--)
        {
            Assert.True(_slices[number].TryLease());
            _slices[number].Release();
        }
    }

    private List<int> TakeAll()
    {
        var taken = new List<int>();
        while (_eviction.TakeVictim() is { } slice)
        {
            taken.Add(slice.SliceIndex);
        }

        return taken;
    }
}
