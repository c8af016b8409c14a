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
    private bool _isBehind;

    public NodeHealthTests() => _health = new NodeHealth(s_longestSilence, _time) { IsMachineBehind = () => _isBehind };

    [Fact]
    public void Server_that_nobody_has_heard_of_for_long_is_away_for_its_rest()
    {
        _health.Answered();
        _time.Advance(s_longestSilence);
        long began = _time.GetTimestamp();
        _time.Advance(LastAnswer.MostTimeoutsBehind * s_longestSilence);
        _health.StayedSilent(began);

        Assert.True(_health.IsAway);
        Assert.Equal("no answer within 50 ms (0 ms ago)", _health.WhyNot());
        _time.Advance(NodeHealth.RestTime);
        Assert.Null(_health.WhyNot());
    }

    [Fact]
    public void Server_that_has_never_answered_is_away()
    {
        long began = _time.GetTimestamp();
        _time.Advance(s_longestSilence);
        _health.StayedSilent(began);

        Assert.True(_health.IsAway);
    }

    [Theory]
    [InlineData(100, 125, 150, false, false)]
    [InlineData(100, 101, 600, false, false)]
    [InlineData(100, 51, 150, false, false)]
    [InlineData(100, 50, 150, false, true)]
    [InlineData(100, 50, 150, true, false)]
    [InlineData(100, 50, 549, true, false)]
    [InlineData(100, 50, 550, true, true)]
    public void Server_that_has_answered_others_since_or_a_moment_before_is_only_busy(
        int beganAtMs, int answeredAtMs, int endedAtMs, bool isMachineBehind, bool isAway)
    {
        _isBehind = isMachineBehind;
        long began = _time.GetTimestamp() + (beganAtMs * _time.TimestampFrequency / 1000);
        _time.Advance(TimeSpan.FromMilliseconds(answeredAtMs));
        _health.Answered();
        _time.Advance(TimeSpan.FromMilliseconds(endedAtMs - answeredAtMs));
        _health.StayedSilent(began);

        Assert.Equal(isAway, _health.IsAway);
        Assert.Equal(isAway, _health.WhyNot() is not null);
    }
}
