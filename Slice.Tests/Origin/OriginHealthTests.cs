using CsCheck;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Origin;

namespace Slice.Tests.Origin;

/// <summary>Which address is asked, after what became of earlier requests (B21).</summary>
public sealed class OriginHealthTests
{
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_moment = TimeSpan.FromMilliseconds(1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    [Trait("Behaviour", "B21")]
    public void Healthy_addresses_are_asked_in_turn()
    {
        var health = New(3);
        Assert.Equal([0, 1, 2, 0, 1], Enumerable.Range(0, 5).Select(_ => Ask(health, OriginVerdict.Answered)));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public void Address_that_failed_rests_and_the_others_are_asked()
    {
        var health = New(3);
        Assert.Equal(OriginHealthChange.Rests, health.Report(health.Next(0, -1), OriginVerdict.Failed));
        Assert.False(health.IsHealthy(0));
        Assert.Equal([1, 2, 1, 2], Enumerable.Range(0, 4).Select(_ => Ask(health, OriginVerdict.Answered)));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Address_rests_after_the_configured_failures_in_a_row(int failures, bool isHealthy)
    {
        var health = New(1, maxFailures: 3);
        for (int failure = 0; failure < failures; failure++)
        {
            Ask(health, OriginVerdict.Failed);
        }

        Assert.Equal(isHealthy, health.IsHealthy(0));
    }

    [Fact]
    public void Answer_between_failures_begins_the_row_anew()
    {
        var health = New(1, maxFailures: 2);
        Ask(health, OriginVerdict.Failed);
        Ask(health, OriginVerdict.Answered);
        Ask(health, OriginVerdict.Failed);
        Assert.True(health.IsHealthy(0));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Failures_further_apart_than_the_rest_are_not_in_a_row(int moreMs, bool isHealthy)
    {
        var health = New(1, maxFailures: 2);
        Ask(health, OriginVerdict.Failed);
        _time.Advance(s_rest + TimeSpan.FromMilliseconds(moreMs));
        Ask(health, OriginVerdict.Failed);
        Assert.Equal(isHealthy, health.IsHealthy(0));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public void After_its_rest_one_request_tries_an_address_and_the_others_wait_for_its_answer()
    {
        var health = New(2);
        Ask(health, OriginVerdict.Failed);
        _time.Advance(s_rest - s_moment);
        Assert.Equal(1, Ask(health, OriginVerdict.Answered));
        _time.Advance(s_moment);

        var probe = health.Next(0, -1);
        Assert.Equal((0, true), (probe.Index, probe.IsProbe));
        Assert.Equal([1, 1], [Ask(health, OriginVerdict.Answered), Ask(health, OriginVerdict.Answered)]);
        Assert.False(health.IsHealthy(0));
        Assert.Equal(OriginHealthChange.IsBack, health.Report(probe, OriginVerdict.Answered));
        Assert.True(health.IsHealthy(0));
        Assert.Equal([0, 1], [Ask(health, OriginVerdict.Answered), Ask(health, OriginVerdict.Answered)]);
    }

    [Fact]
    public void Failed_try_lets_it_rest_again_without_another_change()
    {
        var health = New(2);
        Ask(health, OriginVerdict.Failed);
        _time.Advance(s_rest);
        Assert.Equal(OriginHealthChange.None, health.Report(health.Next(0, -1), OriginVerdict.Failed));
        _time.Advance(s_rest - s_moment);
        Assert.Equal(1, Ask(health, OriginVerdict.Answered));
        _time.Advance(s_moment);
        Assert.Equal(0, Ask(health, OriginVerdict.Answered));
    }

    [Fact]
    public void Try_that_came_to_nothing_leaves_it_to_the_next_request()
    {
        var health = New(2);
        Ask(health, OriginVerdict.Failed);
        _time.Advance(s_rest);
        Assert.Equal(0, Ask(health, OriginVerdict.Unknown));
        Assert.Equal(0, Ask(health, OriginVerdict.Answered));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public void When_all_rest_the_one_that_has_rested_longest_is_asked()
    {
        var health = New(3);
        foreach (int expected in new[] { 0, 1, 2 })
        {
            Assert.Equal(expected, Ask(health, OriginVerdict.Failed));
            _time.Advance(s_moment);
        }

        Assert.Equal(0, Ask(health, OriginVerdict.Failed));
        _time.Advance(s_moment);
        Assert.Equal(1, Ask(health, OriginVerdict.Answered));
        Assert.Equal(1, Ask(health, OriginVerdict.Answered));
    }

    [Fact]
    public void Request_goes_to_healthy_addresses_first_and_to_resting_ones_last()
    {
        var health = New(3);
        Ask(health, OriginVerdict.Failed);
        uint tried = 0;
        List<int> order = [];
        for (var turn = health.Next(tried, -1); turn != OriginTurn.None; turn = health.Next(tried, -1))
        {
            order.Add(turn.Index);
            tried |= 1u << turn.Index;
        }

        Assert.Equal([1, 2, 0], order);
    }

    [Fact]
    public void Address_that_failed_this_request_before_is_asked_only_when_no_other_is_healthy()
    {
        var health = New(2);
        Assert.Equal([1, 1], [Ask(health, OriginVerdict.Answered, failed: 0), Ask(health, OriginVerdict.Failed, failed: 0)]);
        Assert.Equal(0, Ask(health, OriginVerdict.Answered, failed: 0));
    }

    [Fact]
    public void Request_that_is_late_goes_to_others_that_are_healthy_and_then_again_to_where_it_was()
    {
        var health = New(3);
        health.Report(health.Choose(2), OriginVerdict.Failed);

        Assert.Equal(1, health.NextHealthy(tried: 0b001, late: 0).Index);
        Assert.Equal(0, health.NextHealthy(tried: 0b011, late: 0).Index);
    }

    [Fact]
    public void Answer_to_a_request_from_before_the_rest_does_not_end_it()
    {
        var health = New(1);
        var early = health.Next(0, -1);
        Ask(health, OriginVerdict.Failed);
        Assert.Equal(OriginHealthChange.None, health.Report(early, OriginVerdict.Answered));
        Assert.False(health.IsHealthy(0));
    }

    [Fact]
    public void Failure_of_a_request_from_before_the_rest_does_not_prolong_it()
    {
        var health = New(2);
        var early = health.Next(0, -1);
        Ask(health, OriginVerdict.Answered);
        Assert.Equal(0, Ask(health, OriginVerdict.Failed));
        _time.Advance(s_rest);
        health.Report(early, OriginVerdict.Failed);
        Assert.True(health.Next(0, -1).IsProbe);
    }

    // A client that asks for what takes long (a long poll, a report) must not take an address from the others.
    [Theory]
    [Trait("Behaviour", "B63")]
    [InlineData(true)]
    [InlineData(false)]
    public void Silence_is_a_failure_only_while_the_address_answers_nobody(bool answersOthers)
    {
        var health = New(1);
        Ask(health, OriginVerdict.Answered);
        _time.Advance(s_moment);
        var slow = health.Next(0, -1);
        _time.Advance(s_rest);
        if (answersOthers)
        {
            Ask(health, OriginVerdict.Answered);
        }

        health.Report(slow, OriginVerdict.Silent);

        Assert.Equal(answersOthers, health.IsHealthy(0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(33)]
    public void Number_of_addresses_is_bounded(int count) => Assert.Throws<ArgumentOutOfRangeException>(() => New(count));

    // Whatever happened before, a request that fails everywhere has been everywhere once.
    [Fact]
    public void Every_address_is_tried_once_before_a_request_fails() => Gen.Int[0, 3].Array[0, 40].Sample(history =>
    {
        var health = New(4, maxFailures: 2);
        foreach (int step in history)
        {
            _time.Advance(s_rest / 3);
            Ask(health, (OriginVerdict)step);
        }

        uint tried = 0;
        for (var turn = health.Next(tried, -1); turn != OriginTurn.None; turn = health.Next(tried, -1))
        {
            Assert.Equal(0u, tried & (1u << turn.Index));
            tried |= 1u << turn.Index;
            health.Report(turn, OriginVerdict.Failed);
        }

        Assert.Equal(0b1111u, tried);
    }, iter: 500, threads: 1);

    private OriginHealth New(int count, int maxFailures = 1) =>
        new(count, new UpstreamHealthOptions { MaxFailures = maxFailures, Rest = s_rest }, _time);

    private static int Ask(OriginHealth health, OriginVerdict verdict, int failed = -1)
    {
        var turn = health.Next(tried: 0, failed);
        health.Report(turn, verdict);
        return turn.Index;
    }
}
