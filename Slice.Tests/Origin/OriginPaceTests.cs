using Slice.Net.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Origin;

/// <summary>What is late is told from what is usual, and what hedging costs the origin is bounded.</summary>
public sealed class OriginPaceTests
{
    private readonly ManualTime _time = new();
    private readonly OriginPace _pace;

    public OriginPaceTests() => _pace = new OriginPace(_time);

    [Fact]
    public void Nothing_is_late_before_32_heads_have_come()
    {
        Answer(31, TimeSpan.FromMilliseconds(100));
        Assert.Equal(Timeout.InfiniteTimeSpan, _pace.HeadLimit);

        Answer(1, TimeSpan.FromMilliseconds(100));
        Assert.Equal(TimeSpan.FromMilliseconds(120), _pace.HeadLimit);
        Assert.Equal(Timeout.InfiniteTimeSpan, _pace.BodyLimit);
    }

    [Fact]
    public void One_slow_answer_in_a_hundred_is_no_rule_and_two_are()
    {
        Answer(255, TimeSpan.FromMilliseconds(100));
        Answer(1, TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromMilliseconds(120), _pace.HeadLimit);

        // The oldest answers are forgotten meanwhile.
        Answer(14, TimeSpan.FromMilliseconds(100));
        Answer(2, TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(12), _pace.HeadLimit);
    }

    [Fact]
    public void Origin_that_becomes_slower_is_not_taken_for_stuck_for_long()
    {
        Answer(256, TimeSpan.FromMilliseconds(100));
        Answer(16, TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.FromMilliseconds(1200), _pace.HeadLimit);
    }

    [Fact]
    public void What_is_late_by_less_than_waking_up_takes_is_not_late()
    {
        Answer(32, TimeSpan.FromMilliseconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(20), _pace.HeadLimit);

        for (int count = 0; count < 32; count++)
        {
            long since = _time.GetTimestamp();
            _time.Advance(TimeSpan.FromMilliseconds(1));
            _pace.BytesArrived(since);
        }

        Assert.Equal(TimeSpan.FromMilliseconds(50), _pace.BodyLimit);
    }

    [Fact]
    public void One_subrequest_in_twenty_is_asked_for_again_at_most_and_some_at_once()
    {
        Assert.Equal(2, Hedges());

        Answer(100, TimeSpan.Zero);
        Assert.InRange(Hedges(), 4, 5);

        Answer(100_000, TimeSpan.Zero);
        Assert.InRange(Hedges(), 19, 20);
    }

    private int Hedges()
    {
        int count = 0;
        while (_pace.TryHedge())
        {
            count++;
        }

        return count;
    }

    private void Answer(int count, TimeSpan after)
    {
        for (; count > 0; count--)
        {
            long begunAt = _pace.Begin();
            _time.Advance(after);
            _pace.HeadArrived(begunAt);
        }
    }
}
