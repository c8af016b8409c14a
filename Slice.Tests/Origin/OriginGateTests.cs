using Microsoft.Extensions.Time.Testing;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>How many are at the origin, and whose turn it is.</summary>
public sealed class OriginGateTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Gate_lets_in_up_to_its_limit_and_the_next_when_one_leaves()
    {
        using var gate = new OriginGate(limit: 2, _time);
        var first = await EnteredAsync(gate);
        await EnteredAsync(gate);
        var third = EnterAsync(gate);
        Assert.False(third.IsCompleted);
        Assert.Equal(0, gate.Free);
        first.Dispose();
        Assert.NotNull(await Deadline.WithinAsync(third, "the third to enter"));
    }

    [Fact]
    public async Task Gate_turns_away_whose_time_ran_out()
    {
        using var gate = new OriginGate(limit: 1, TimeProvider.System);
        await EnteredAsync(gate);
        Assert.Null(await gate.TryEnterAsync(new GateTicket("", "/"), TimeSpan.Zero, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Gate_forgets_who_gave_up_waiting()
    {
        using var gate = new OriginGate(limit: 1, _time);
        using var leaving = new CancellationTokenSource();
        var permit = await EnteredAsync(gate);
        var waiting = gate.TryEnterAsync(new GateTicket("", "/"), Deadline.Default, leaving.Token).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        permit.Dispose();
        Assert.Equal(1, gate.Free);
    }

    [Fact]
    public async Task Queue_has_a_deadline()
    {
        using var gate = new OriginGate(limit: 1, _time, new GatePolicy());
        var permit = await EnteredAsync(gate);
        var waiting = gate.TryEnterAsync(new GateTicket("", "/"), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken).AsTask();

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(waiting.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Null(await Deadline.WithinAsync(waiting, "the queue gives up"));
        permit.Dispose();
        Assert.Equal(1, gate.Free);
    }

    [Fact]
    public async Task Permit_is_given_back_once()
    {
        using var gate = new OriginGate(limit: 2, _time);
        var permit = await EnteredAsync(gate);
        await EnteredAsync(gate);

        permit.Dispose();
        permit.Dispose();
        permit.HeadArrived();

        Assert.Equal((1, 1), (gate.Free, gate.Inside));
    }

    [Fact]
    public async Task Higher_limit_lets_the_next_in_line_in_at_once()
    {
        using var gate = new OriginGate(limit: 1, _time);
        await EnteredAsync(gate);
        var second = EnterAsync(gate);
        Assert.False(second.IsCompleted);

        gate.Resize(3);

        Assert.NotNull(await Deadline.WithinAsync(second, "the second to enter"));
        Assert.Equal((1, 2), (gate.Free, gate.Inside));
    }

    [Fact]
    public async Task Lower_limit_is_reached_as_permits_come_back()
    {
        using var gate = new OriginGate(limit: 3, _time);
        OriginPermit[] permits = [await EnteredAsync(gate), await EnteredAsync(gate), await EnteredAsync(gate)];

        gate.Resize(1);
        permits[0].Dispose();
        permits[1].Dispose();
        Assert.Equal((0, 1), (gate.Free, gate.Inside));
        permits[2].Dispose();
        Assert.Equal((1, 0), (gate.Free, gate.Inside));
    }

    [Fact]
    public async Task Limit_that_was_lowered_and_raised_again_forgets_nobody()
    {
        using var gate = new OriginGate(limit: 4, _time);
        OriginPermit[] permits = [await EnteredAsync(gate), await EnteredAsync(gate)];

        gate.Resize(1);
        gate.Resize(4);

        Assert.Equal((2, 2), (gate.Free, gate.Inside));
        permits[0].Dispose();
        permits[1].Dispose();
        Assert.Equal((4, 0), (gate.Free, gate.Inside));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Turn_goes_to_the_client_that_holds_the_fewest_then_to_its_target_that_holds_the_fewest()
    {
        using var gate = new OriginGate(limit: 3, _time);
        OriginPermit[] greedy =
            [await EnteredAsync(gate, "greedy", "/a"), await EnteredAsync(gate, "greedy", "/a"), await EnteredAsync(gate, "greedy", "/b")];
        var again = EnterAsync(gate, "greedy", "/a");
        var other = EnterAsync(gate, "greedy", "/c");
        var modest = EnterAsync(gate, "modest", "/a");

        greedy[2].Dispose();
        Assert.NotNull(await Deadline.WithinAsync(modest, "the other client"));
        Assert.False(again.IsCompleted || other.IsCompleted);
        greedy[0].Dispose();
        Assert.NotNull(await Deadline.WithinAsync(other, "the other target"));
        Assert.False(again.IsCompleted);
        greedy[1].Dispose();
        Assert.NotNull(await Deadline.WithinAsync(again, "the target that had the most"));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Among_equals_the_turn_goes_round()
    {
        using var gate = new OriginGate(limit: 1, _time);
        var permit = await EnteredAsync(gate, "first");
        List<Task<OriginPermit?>> waiting =
            [EnterAsync(gate, "a", "/1"), EnterAsync(gate, "a", "/1"), EnterAsync(gate, "a", "/2"), EnterAsync(gate, "b", "/1")];
        int[] order = [0, 3, 2, 1];
        foreach (int next in order)
        {
            permit.Dispose();
            permit = (await Deadline.WithinAsync(waiting[next], $"number {next}"))!;
            Assert.Equal(1, gate.Inside);
        }
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Request_without_a_head_makes_room_for_who_waits_after_a_while_and_counts_apart()
    {
        using var gate = new OriginGate(limit: 1, _time);
        var slow = await EnteredAsync(gate, "a", "/slow");
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((0, 1, 0), (gate.Free, gate.Inside, gate.Slow));

        // It has had its time: who comes does not wait.
        var second = await EnteredAsync(gate, "a", "/good");
        Assert.Equal((1, 1), (gate.Inside, gate.Slow));
        Assert.False(slow.Revoked.IsCancellationRequested);
        second.Dispose();
        slow.Dispose();
        Assert.Equal((1, 0, 0), (gate.Free, gate.Inside, gate.Slow));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Who_waits_comes_in_as_soon_as_the_patience_with_the_slow_one_is_over()
    {
        using var gate = new OriginGate(limit: 1, _time);
        await EnteredAsync(gate, "a", "/slow");
        var good = EnterAsync(gate, "a", "/good");

        _time.Advance(GatePolicy.Subrequests.HeadPatience - TimeSpan.FromMilliseconds(1));
        Assert.False(good.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.NotNull(await Deadline.WithinAsync(good, "the good one"));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Body_has_longer_than_a_head_and_never_ends_for_others()
    {
        using var gate = new OriginGate(limit: 1, _time);
        var slow = await EnteredAsync(gate, "a", "/slow");
        slow.HeadArrived();
        var good = EnterAsync(gate, "a", "/good");

        _time.Advance(GatePolicy.Subrequests.BodyPatience - TimeSpan.FromMilliseconds(1));
        Assert.False(good.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        var second = await Deadline.WithinAsync(good, "the good one");
        second!.HeadArrived();
        var third = EnterAsync(gate, "a", "/third");
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Equal((1, 1), (gate.Inside, gate.Slow));
        Assert.False(third.IsCompleted);
        Assert.False(slow.Revoked.IsCancellationRequested || second.Revoked.IsCancellationRequested);
        slow.Dispose();
        Assert.NotNull(await Deadline.WithinAsync(third, "the third, for whom the second makes room"));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task When_there_is_no_room_for_slow_ones_one_of_the_client_with_the_most_ends_once_it_had_its_time()
    {
        using var gate = new OriginGate(limit: 2, _time);
        var modest = await EnteredAsync(gate, "modest", "/slow");
        var greedy = await EnteredAsync(gate, "greedy", "/1");
        var more = (EnterAsync(gate, "greedy", "/2"), EnterAsync(gate, "greedy", "/3"));
        _time.Advance(GatePolicy.Subrequests.HeadPatience);
        Assert.NotNull(await Deadline.WithinAsync(more.Item1, "the second slow one"));
        Assert.NotNull(await Deadline.WithinAsync(more.Item2, "the third slow one"));
        var good = EnterAsync(gate, "modest", "/good");

        _time.Advance(GatePolicy.Subrequests.SureTime - GatePolicy.Subrequests.HeadPatience - TimeSpan.FromMilliseconds(1));
        Assert.False(greedy.Revoked.IsCancellationRequested);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(greedy.Revoked.IsCancellationRequested);
        Assert.False(modest.Revoked.IsCancellationRequested);
        greedy.Dispose();
        Assert.NotNull(await Deadline.WithinAsync(good, "the good one"));
        modest.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task No_client_has_more_than_its_share_of_what_is_passed_through()
    {
        using var gate = new OriginGate(limit: 4, _time, GatePolicy.PassedThrough);
        OriginPermit[] greedy =
            [await EnteredAsync(gate, "greedy"), await EnteredAsync(gate, "greedy"), await EnteredAsync(gate, "greedy")];
        var more = EnterAsync(gate, "greedy");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(more.IsCompleted);

        (await EnteredAsync(gate, "modest")).Dispose();
        Assert.False(more.IsCompleted);
        greedy[0].Dispose();

        Assert.NotNull(await Deadline.WithinAsync(more, "its own turn"));
        Assert.Equal(0, gate.Slow);
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task What_is_passed_through_has_one_permit_even_where_a_share_is_less()
    {
        using var gate = new OriginGate(limit: 1, _time, GatePolicy.PassedThrough);
        Assert.NotNull(await EnterAsync(gate));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task One_of_several_clients_leaves_permits_to_the_others_whatever_it_asks_for()
    {
        using var gate = new OriginGate(limit: 4, _time, GatePolicy.Subrequests);
        (await EnteredAsync(gate, "modest")).Dispose();
        var greedy = Enumerable.Range(0, 5).Select(target => EnterAsync(gate, "greedy", $"/{target}")).ToArray();
        Assert.Equal([true, true, true, false, false], greedy.Select(entering => entering.IsCompleted));

        Assert.NotNull(await Deadline.WithinAsync(EnterAsync(gate, "modest"), "a permit that nobody had"));

        // Slow ones count apart, so their client has as many again.
        _time.Advance(GatePolicy.Subrequests.HeadPatience);
        Assert.DoesNotContain(null, await Deadline.WithinAsync(Task.WhenAll(greedy), "the others' turn"));
    }

    [Theory]
    [Trait("Behaviour", "B54")]
    [InlineData(59, 3)]
    [InlineData(60, 4)]
    public async Task Client_that_is_alone_for_a_minute_may_have_all_permits(int secondsAlone, int permits)
    {
        using var gate = new OriginGate(limit: 4, _time, GatePolicy.Subrequests);
        (await EnteredAsync(gate, "modest")).Dispose();
        (await EnteredAsync(gate, "greedy")).Dispose();
        _time.Advance(TimeSpan.FromSeconds(secondsAlone));

        var greedy = Enumerable.Range(0, 5).Select(target => EnterAsync(gate, "greedy", $"/{target}")).ToArray();

        Assert.Equal(permits, greedy.Count(entering => entering.IsCompleted));
    }

    [Fact]
    [Trait("Behaviour", "B54")]
    public async Task Client_at_its_share_goes_on_as_its_own_permits_come_back()
    {
        using var gate = new OriginGate(limit: 4, _time, GatePolicy.Subrequests);
        (await EnteredAsync(gate, "modest")).Dispose();
        OriginPermit[] greedy =
            [await EnteredAsync(gate, "greedy"), await EnteredAsync(gate, "greedy"), await EnteredAsync(gate, "greedy")];
        var more = EnterAsync(gate, "greedy");
        Assert.False(more.IsCompleted);

        greedy[1].Dispose();

        Assert.NotNull(await Deadline.WithinAsync(more, "its own turn"));
    }

    private static Task<OriginPermit?> EnterAsync(OriginGate gate, string client = "", string target = "/") =>
        gate.TryEnterAsync(new GateTicket(client, target), TimeSpan.FromDays(1), TestContext.Current.CancellationToken).AsTask();

    private static async Task<OriginPermit> EnteredAsync(OriginGate gate, string client = "", string target = "/")
    {
        var entering = EnterAsync(gate, client, target);
        return await Deadline.WithinAsync(entering, "a permit") ?? throw new InvalidOperationException("no permit");
    }
}
