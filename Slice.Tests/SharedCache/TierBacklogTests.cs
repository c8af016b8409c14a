using System.Globalization;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>What waits to be told has a bound, and what is beyond it is told as one purge that does as much.</summary>
public sealed class TierBacklogTests
{
    private static readonly Instant s_now = Instant.ByWallClock(DateTimeOffset.UnixEpoch);

    private readonly TierBacklog _backlog = new();

    [Fact]
    public void Events_and_purges_are_told_in_their_order_and_once()
    {
        _backlog.Add(Event(1));
        _backlog.Add(Event(2));
        _backlog.Add(Purge.OfAll(isSoft: true, s_now));

        var batch = _backlog.Peek();
        Assert.Equal([Event(1).Key, Event(2).Key], batch.Events.Select(told => told.Key));
        Assert.Single(batch.Purges);
        _backlog.Remove(batch, [Event(3)]);

        Assert.Equal(Event(3).Key, Assert.Single(_backlog.Peek().Events).Key);
        Assert.Empty(_backlog.Peek().Purges);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Purges_beyond_the_bound_are_one_that_does_as_much(bool isSoft)
    {
        for (int index = 0; index < TierBacklog.MostPurges; index++)
        {
            _backlog.Add(Purge.OfPrefix("/a/"u8, isSoft: true, s_now));
        }

        Assert.False(_backlog.Peek().HasDropped);
        _backlog.Add(Purge.OfPrefix("/b/"u8, isSoft, s_now));

        var batch = _backlog.Peek();
        Assert.Equal((TierBacklog.MostPurges, true, !isSoft), (batch.Purges.Length, batch.HasDropped, batch.HasDroppedRemoval));
    }

    [Theory]
    [InlineData(TierEventKind.Expired, false)]
    [InlineData(TierEventKind.Removed, true)]
    internal void What_an_earlier_process_left_and_finds_no_room_is_one_purge_that_does_as_much(TierEventKind kind, bool isRemoval)
    {
        for (int index = 0; index < TierBacklog.MostEvents; index++)
        {
            _backlog.Add(Event(index));
        }

        _backlog.Restore(new UntoldNews([Event(0) with { Kind = kind }], [], HasDropped: false, HasDroppedRemoval: false));

        Assert.Equal((true, isRemoval), (_backlog.Peek().HasDropped, _backlog.Peek().HasDroppedRemoval));
    }

    // Or it would never go to the tier, and nothing of the tier in its place.
    [Fact]
    public void Version_whose_event_finds_no_room_waits_for_none_to_be_told()
    {
        using var store = SliceStore.CreateInMemory(1 << 20, TimeProvider.System);
        var (waiting, dropped) = (NewUntold(store), NewUntold(store));
        _backlog.Add(Event(0) with { Successor = waiting });
        for (int index = 1; index < TierBacklog.MostEvents; index++)
        {
            _backlog.Add(Event(index));
        }

        _backlog.Add(Event(TierBacklog.MostEvents) with { Successor = dropped });

        Assert.True(waiting.IsUntold);
        Assert.False(dropped.IsUntold);
    }

    private static Generation NewUntold(SliceStore store)
    {
        var generation = StoredObjects.Generation(store, slices: 1, sliceSizeBytes: 4);
        generation.IsUntold = true;
        return generation;
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Events_beyond_the_bound_are_one_purge_that_does_as_much(int removals, bool hasDroppedRemoval)
    {
        for (int index = 0; index < TierBacklog.MostEvents + 5 - removals; index++)
        {
            _backlog.Add(Event(index));
        }

        for (int index = 0; index < removals; index++)
        {
            _backlog.Add(Event(index, TierEventKind.Removed));
        }

        var batch = _backlog.Peek();
        Assert.Equal((true, hasDroppedRemoval), (batch.HasDropped, batch.HasDroppedRemoval));
    }

    // Thread A tells what was dropped so far; thread B drops more meanwhile.
    [Fact]
    public void Event_that_is_dropped_while_others_are_told_is_told_next()
    {
        for (int index = 0; index <= TierBacklog.MostEvents; index++)
        {
            _backlog.Add(Event(index));
        }

        var first = _backlog.Peek();
        _backlog.Add(Event(7, TierEventKind.Removed));
        _backlog.Remove(first, []);

        var second = _backlog.Peek();
        Assert.Equal((true, true), (second.HasDropped, second.HasDroppedRemoval));
        _backlog.Remove(second, []);
        Assert.Equal((false, false), (_backlog.Peek().HasDropped, _backlog.Peek().HasDroppedRemoval));
    }

    private static TierEvent Event(int number, TierEventKind kind = TierEventKind.Changed) =>
        new(kind, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)), default);
}
