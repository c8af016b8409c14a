using Slice.Core.SharedCache;
using Slice.Net.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>A server that others hear of is busy, and not away.</summary>
public sealed class NodeHealthTests
{
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromMilliseconds(50);

    private readonly ManualTime _time = new();
    private readonly NodeHealth _health;
    private readonly List<string?> _told = [];
    private bool _isBehind;

    public NodeHealthTests() => _health = new NodeHealth(s_longestSilence, _time, _told.Add) { IsMachineBehind = () => _isBehind };

    [Fact]
    public void Server_that_nobody_has_heard_of_for_long_is_away_for_its_rest()
    {
        _health.Answered(NodeWork.Short, isValue: true);
        _time.Advance(s_longestSilence);
        long began = _time.GetTimestamp();
        _time.Advance(LastAnswer.MostTimeoutsBehind * s_longestSilence);
        _health.StayedSilent(NodeWork.Short, began);

        Assert.True(_health.IsAwayFor(NodeWork.Short));
        Assert.Equal("no answer within 50 ms (0 ms ago)", _health.WhyNot(NodeWork.Short));
        _time.Advance(NodeRest.Time);
        Assert.Null(_health.WhyNot(NodeWork.Short));
    }

    [Fact]
    public void Server_that_is_away_for_longer_than_a_moment_is_told_of_once_and_so_is_its_return()
    {
        _health.Failed("refused");
        _time.Advance(NodeReport.Moment - TimeSpan.FromTicks(1));
        _health.Failed("refused");
        Assert.Empty(_told);
        _time.Advance(TimeSpan.FromTicks(1));
        _health.Failed("refused, and again");
        _time.Advance(NodeReport.Moment);
        _health.Failed("refused");

        Assert.Equal(["refused, and again"], _told);
        Assert.True(_health.IsDown);

        _health.Answered(NodeWork.Short, isValue: true);
        _health.Answered(NodeWork.Short, isValue: true);
        Assert.Equal(["refused, and again", null], _told);
        Assert.False(_health.IsDown);
    }

    [Fact]
    public void Server_that_stumbles_again_and_again_and_answers_in_between_is_not_told_of()
    {
        for (int time = 0; time < 10; time++)
        {
            _health.Failed("refused");
            _time.Advance(0.9 * NodeReport.Moment);
            _health.Failed("refused");
            _health.Answered(NodeWork.Short, isValue: false);
        }

        Assert.Empty(_told);
    }

    // What is short is answered all the time.
    [Fact]
    public void Server_that_gives_no_values_is_told_of_at_once_and_is_back_with_the_first_of_them()
    {
        Silence(NodeWork.Give);
        Assert.Equal(["no value given for 1000 ms"], _told);
        _health.Answered(NodeWork.Short, isValue: true);
        _health.Connected();
        Assert.True(_health.IsDown);
        _health.Answered(NodeWork.Give, isValue: true);

        Assert.Equal(["no value given for 1000 ms", null], _told);
    }

    [Fact]
    public void Server_that_nobody_gets_a_connection_to_is_told_of_and_may_be_asked()
    {
        _health.FailedToConnect("refused");
        _time.Advance(NodeReport.Moment);
        _health.FailedToConnect("refused");
        Assert.Null(_health.WhyNot(NodeWork.Short));
        _health.Connected();

        Assert.Equal(["refused", null], _told);
    }

    [Fact]
    public void Server_that_has_never_answered_is_away()
    {
        long began = _time.GetTimestamp();
        _time.Advance(s_longestSilence);
        _health.StayedSilent(NodeWork.Short, began);

        Assert.True(_health.IsAwayFor(NodeWork.Short));
    }

    [Theory]
    [InlineData(100, 125, 150, false, false)]
    [InlineData(100, 101, 600, false, false)]
    [InlineData(100, 51, 150, false, false)]
    [InlineData(100, 50, 349, false, false)]
    [InlineData(100, 50, 350, false, true)]
    [InlineData(100, 50, 150, true, false)]
    [InlineData(100, 50, 549, true, false)]
    [InlineData(100, 50, 550, true, true)]
    public void Server_that_has_answered_others_since_or_a_moment_before_or_pauses_is_only_busy(
        int beganAtMs, int answeredAtMs, int endedAtMs, bool isMachineBehind, bool isAway)
    {
        _isBehind = isMachineBehind;
        long began = _time.GetTimestamp() + (beganAtMs * _time.TimestampFrequency / 1000);
        _time.Advance(TimeSpan.FromMilliseconds(answeredAtMs));
        _health.Answered(NodeWork.Short, isValue: true);
        _time.Advance(TimeSpan.FromMilliseconds(endedAtMs - answeredAtMs));
        _health.StayedSilent(NodeWork.Short, began);

        Assert.Equal(isAway, _health.IsAwayFor(NodeWork.Short));
        Assert.Equal(isAway, _health.WhyNot(NodeWork.Short) is not null);
    }

    [Fact]
    public void Server_that_pauses_again_within_half_a_minute_is_away()
    {
        Assert.False(IsAwayAfterPause());
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(IsAwayAfterPause());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(IsAwayAfterPause());

        bool IsAwayAfterPause()
        {
            _health.Answered(NodeWork.Short, isValue: true);
            long began = _time.GetTimestamp() + 1;
            _time.Advance(2 * s_longestSilence);
            _health.StayedSilent(NodeWork.Short, began);
            return _health.IsAwayFor(NodeWork.Short);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Server_that_answers_what_is_short_and_moves_no_value_is_left_alone_with_values_of_that_kind(bool isGiving)
    {
        var (work, other) = isGiving ? (NodeWork.Give, NodeWork.Take) : (NodeWork.Take, NodeWork.Give);
        Assert.Equal(LastAnswer.MostTimeoutsBehind, Silence(work));
        Assert.Equal($"no value {(isGiving ? "given" : "taken")} for 1000 ms (0 ms ago)", _health.WhyNot(work));
        Assert.Null(_health.WhyNot(NodeWork.Short));
        Assert.Null(_health.WhyNot(other));

        // Nor do short answers bring the values back; one attempt in each rest does, when it goes well.
        _health.Answered(NodeWork.Short, isValue: true);
        Assert.NotNull(_health.WhyNot(work));
        _time.Advance(NodeRest.Time);
        Assert.Null(_health.WhyNot(work));
        Assert.NotNull(_health.WhyNot(work));
        Attempt(work);
        Assert.NotNull(_health.WhyNot(work));
        _health.Answered(work, isValue: true);
        Assert.Null(_health.WhyNot(work));
    }

    // A slow path: beginnings come in time and the rest does not. Or nothing comes, and nobody asks for more than beginnings.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Server_that_gives_no_whole_value_is_not_asked_for_beginnings_either(bool givesBeginnings)
    {
        for (int attempt = 0; attempt < LastAnswer.MostTimeoutsBehind; attempt++)
        {
            if (givesBeginnings)
            {
                _health.Answered(NodeWork.Begin, isValue: true);
            }

            Attempt(givesBeginnings ? NodeWork.Give : NodeWork.Begin);
        }

        Assert.True(_health.IsAwayFor(NodeWork.Give));
        Assert.True(_health.IsAwayFor(NodeWork.Begin));
        Assert.Null(_health.WhyNot(NodeWork.Short));
        _time.Advance(NodeRest.Time);
        Assert.Null(_health.WhyNot(NodeWork.Begin));

        // Who has the beginning may try for the rest, and nobody else.
        _health.Answered(NodeWork.Begin, isValue: true);
        Assert.Null(_health.WhyNot(NodeWork.Give));
        Assert.NotNull(_health.WhyNot(NodeWork.Begin));
        _health.Answered(NodeWork.Give, isValue: true);
        Assert.Null(_health.WhyNot(NodeWork.Begin));
        Assert.Null(_health.WhyNot(NodeWork.Begin));
    }

    [Fact]
    public void Attempt_that_finds_no_value_leaves_the_next_one_to_whoever_comes()
    {
        Silence(NodeWork.Give);
        _time.Advance(NodeRest.Time);
        Assert.Null(_health.WhyNot(NodeWork.Give));
        Assert.NotNull(_health.WhyNot(NodeWork.Give));
        _health.Answered(NodeWork.Give, isValue: false);

        Assert.Null(_health.WhyNot(NodeWork.Give));
        Assert.NotNull(_health.WhyNot(NodeWork.Give));
        _health.Answered(NodeWork.Give, isValue: true);
        Assert.Null(_health.WhyNot(NodeWork.Give));
        Assert.Null(_health.WhyNot(NodeWork.Give));
    }

    [Fact]
    public void Server_that_was_lost_and_is_back_is_asked_for_values_again()
    {
        Silence(NodeWork.Give);
        _health.Lost();
        Assert.True(_health.Answered(NodeWork.Short, isValue: true));

        Assert.False(_health.IsAwayFor(NodeWork.Give));
    }

    [Fact]
    public void Server_that_gives_one_value_of_many_in_time_is_only_busy()
    {
        for (int attempt = 0; attempt < 5 * LastAnswer.MostTimeoutsBehind; attempt++)
        {
            Attempt(NodeWork.Give);
            if (attempt % (LastAnswer.MostTimeoutsBehind - 1) == 0)
            {
                _health.Answered(NodeWork.Give, isValue: true);
            }

            Assert.False(_health.IsAwayFor(NodeWork.Give));
        }
    }

    [Fact]
    public void Silences_of_values_that_lie_far_apart_say_nothing()
    {
        for (int attempt = 0; attempt < 5 * LastAnswer.MostTimeoutsBehind; attempt++)
        {
            Attempt(NodeWork.Take);
            _time.Advance((LastAnswer.MostTimeoutsBehind + 1) * _health.LongestOf(NodeWork.Take));
        }

        Assert.False(_health.IsAwayFor(NodeWork.Take));
    }

    // Attempts until it is left alone.
    private int Silence(NodeWork work)
    {
        int attempts = 0;
        while (!_health.IsAwayFor(work))
        {
            Attempt(work);
            attempts++;
        }

        return attempts;
    }

    // One that is not answered while others are.
    private void Attempt(NodeWork work)
    {
        long began = _time.GetTimestamp();
        _time.Advance(_health.LongestOf(work));
        _health.Answered(NodeWork.Short, isValue: true);
        _health.StayedSilent(work, began);
    }
}
