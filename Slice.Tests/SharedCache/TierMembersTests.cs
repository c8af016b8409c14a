using Slice.Core.Objects.Journal;
using Slice.Core.SharedCache;

namespace Slice.Tests.SharedCache;

/// <summary>Each instance has a place of its own for as long as it renews that.</summary>
public sealed class TierMembersTests : IDisposable
{
    private readonly TierBed _bed = new();

    private static CancellationToken Ct => TierBed.Ct;

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Instances_have_places_of_their_own_and_see_each_other()
    {
        var (one, two) = (NewMembers("one"), NewMembers("two"));
        await one.TellAsync(7, 8, Ct);
        await two.TellAsync(9, 10, Ct);

        FleetMember[] expected = [new(one.Id, "one", 7, 8), new(two.Id, "two", 9, 10)];
        Assert.Equal(expected, await one.ReadAllAsync(Ct));
        Assert.Equal(expected, await two.ReadAllAsync(Ct));
    }

    // A PURGE says that all have answered: it has to know of all.
    [Fact]
    public async Task All_of_a_fleet_of_a_hundred_see_each_other()
    {
        List<TierMembers> all = [.. Enumerable.Range(0, 100).Select(number => NewMembers($"{number}"))];
        foreach (var member in all)
        {
            await member.TellAsync(1, 1, Ct);
        }

        Assert.Equal(100, (await all[0].ReadAllAsync(Ct)).Count);
    }

    [Fact]
    public async Task Instance_that_has_died_is_seen_for_its_lifetime()
    {
        var (dead, alive) = (NewMembers("dead"), NewMembers("alive"));
        await dead.TellAsync(1, 1, Ct);
        await alive.TellAsync(1, 1, Ct);
        _bed.Time.Advance(TierMembers.Lifetime - TimeSpan.FromSeconds(1));
        await alive.TellAsync(1, 1, Ct);
        Assert.Equal(2, (await alive.ReadAllAsync(Ct)).Count);

        _bed.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(alive.Id, Assert.Single(await alive.ReadAllAsync(Ct)).Id);
        var next = NewMembers("next");
        await next.TellAsync(1, 1, Ct);
        Assert.Equal(["next", "alive"], (await next.ReadAllAsync(Ct)).Select(static member => member.Name));
    }

    // One of several servers is away: a PURGE that counted only who can be read would say that all have answered.
    [Fact]
    public async Task Instance_whose_place_cannot_be_read_is_seen_for_its_lifetime_and_once_when_it_has_moved()
    {
        var (one, two) = (NewMembers("one"), NewMembers("two"));
        await one.TellAsync(7, 7, Ct);
        await two.TellAsync(7, 7, Ct);
        Assert.Equal(2, (await two.ReadAllAsync(Ct)).Count);
        _bed.Server.IsLost = key => key == _bed.Names.InstanceAt(0);

        Assert.Equal(new FleetMember(one.Id, "one", 7, 7), (await two.ReadAllAsync(Ct)).Single(member => member.Id != two.Id));

        _bed.Time.Advance(TimeSpan.FromSeconds(5));
        await two.TellAsync(7, 7, Ct);
        await one.TellAsync(9, 9, Ct);
        Assert.Equal(new FleetMember(one.Id, "one", 9, 9), (await two.ReadAllAsync(Ct)).Single(member => member.Id != two.Id));

        _bed.Server.IsLost = key => key == _bed.Names.InstanceAt(0) || key == _bed.Names.InstanceAt(2);
        Assert.Equal(2, (await two.ReadAllAsync(Ct)).Count);
        _bed.Time.Advance(TierMembers.Lifetime);
        await two.TellAsync(7, 7, Ct);
        Assert.Equal(two.Id, Assert.Single(await two.ReadAllAsync(Ct)).Id);
    }

    [Fact]
    public async Task Place_is_renewed_in_time_and_not_more_often()
    {
        var one = NewMembers("one");
        await one.TellAsync(1, 1, Ct);
        int operations = _bed.Server.Operations.Count;
        _bed.Time.Advance((TierMembers.Lifetime / 5) - TimeSpan.FromMilliseconds(1));
        await one.TellAsync(1, 1, Ct);
        Assert.Equal(operations, _bed.Server.Operations.Count);

        for (int renewal = 0; renewal < 10; renewal++)
        {
            _bed.Time.Advance(TierMembers.Lifetime / 5);
            await one.TellAsync(1, 1, Ct);
            Assert.Single(await one.ReadAllAsync(Ct));
        }
    }

    [Fact]
    public async Task News_that_were_acted_on_are_told_at_once()
    {
        var one = NewMembers("one");
        await one.TellAsync(1, 1, Ct);
        await one.TellAsync(2, 1, Ct);

        Assert.Equal((2, 1), Assert.Single(await one.ReadAllAsync(Ct)) is var member ? (member.News, member.Purges) : default);
    }

    [Fact]
    public async Task Place_that_was_lost_is_taken_again()
    {
        var one = NewMembers("one");
        await one.TellAsync(1, 1, Ct);
        _bed.Server.Forget(static _ => true);
        await one.TellAsync(2, 1, Ct);

        Assert.Equal(one.Id, Assert.Single(await one.ReadAllAsync(Ct)).Id);
    }

    [Fact]
    public async Task Place_that_another_has_taken_meanwhile_stays_with_the_other()
    {
        var (one, two) = (NewMembers("one"), NewMembers("two"));
        await one.TellAsync(1, 1, Ct);
        _bed.Server.Forget(static _ => true);
        await two.TellAsync(1, 1, Ct);
        await one.TellAsync(2, 1, Ct);

        Assert.Equal(["two", "one"], (await one.ReadAllAsync(Ct)).Select(static member => member.Name));
    }

    [Fact]
    public async Task Instance_that_leaves_is_gone_at_once()
    {
        var (one, two) = (NewMembers("one"), NewMembers("two"));
        await one.TellAsync(1, 1, Ct);
        await two.TellAsync(1, 1, Ct);
        await one.LeaveAsync(Ct);

        Assert.Equal("two", Assert.Single(await two.ReadAllAsync(Ct)).Name);
    }

    [Fact]
    public async Task Instance_that_leaves_does_not_take_the_place_of_another_with_it()
    {
        var (one, two) = (NewMembers("one"), NewMembers("two"));
        await one.TellAsync(1, 1, Ct);
        _bed.Server.Forget(static _ => true);
        await two.TellAsync(1, 1, Ct);
        await one.LeaveAsync(Ct);

        Assert.Equal("two", Assert.Single(await two.ReadAllAsync(Ct)).Name);
    }

    [Fact]
    public async Task Place_that_holds_what_this_program_does_not_write_is_nobodys()
    {
        var label = new TierLabel(TierValueKind.Instance, _bed.Names.InstanceAt(0));
        var records = new RecordBuffer();
        records.Bytes([1, 2, 3]);
        Assert.True(await _bed.Values.SetAsync(label, records, TierMembers.Lifetime, Ct));
        var one = NewMembers("one");
        await one.TellAsync(1, 1, Ct);

        Assert.Equal("one", Assert.Single(await one.ReadAllAsync(Ct)).Name);
    }

    [Fact]
    public async Task Instance_behind_the_places_of_some_that_are_gone_is_seen()
    {
        List<TierMembers> all = [.. Enumerable.Range(0, 20).Select(number => NewMembers($"{number}"))];
        foreach (var one in all)
        {
            await one.TellAsync(1, 1, Ct);
        }

        _bed.Server.Forget(key => key != _bed.Names.InstanceAt(7) && key != _bed.Names.InstanceAt(15));
        Assert.Equal(["7", "15"], (await all[0].ReadAllAsync(Ct)).Select(static member => member.Name));
    }

    [Fact]
    public async Task Instance_that_finds_no_place_is_not_seen_and_takes_one_later()
    {
        List<TierMembers> all = [.. Enumerable.Range(0, TierMembers.MaxMembers + 1).Select(number => NewMembers($"{number}"))];
        foreach (var one in all)
        {
            await one.TellAsync(1, 1, Ct);
        }

        Assert.Equal(TierMembers.MaxMembers, (await all[0].ReadAllAsync(Ct)).Count);
        await all[0].LeaveAsync(Ct);
        await all[^1].TellAsync(1, 1, Ct);
        Assert.Contains(await all[1].ReadAllAsync(Ct), member => member.Id == all[^1].Id);
    }

    private TierMembers NewMembers(string name) => new(_bed.Values, _bed.Names, name, _bed.Time);
}
