using Slice.Net.Origin;

namespace Slice.Tests.Origin;

/// <summary>A body that stands still is cut, and nothing is once its read or its response has ended.</summary>
public sealed class BodyStillnessTests
{
    private readonly RingingTime _time = new();
    private readonly OriginPace _pace;

    public BodyStillnessTests()
    {
        _pace = new OriginPace(_time);
        for (int count = 0; count < 32; count++)
        {
            _pace.BytesArrived(_time.GetTimestamp());
        }
    }

    [Fact]
    public void Read_that_brings_nothing_for_unusually_long_is_cut()
    {
        using var deadline = new OriginDeadline(_time, CancellationToken.None);
        using var stillness = new BodyStillness(_pace, deadline, _time);
        stillness.Start();
        stillness.Begin();
        _time.Advance(TimeSpan.FromMilliseconds(49));
        Assert.Null(stillness.CutAfter);

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal(TimeSpan.FromMilliseconds(50), stillness.CutAfter);
        Assert.True(deadline.Token.IsCancellationRequested);
    }

    [Fact]
    public void Body_that_cannot_be_gone_on_with_is_never_cut()
    {
        using var deadline = new OriginDeadline(_time, CancellationToken.None);
        using var stillness = new BodyStillness(_pace, deadline, _time);
        stillness.Begin();

        _time.Advance(TimeSpan.FromHours(1));

        Assert.False(deadline.Token.IsCancellationRequested);
    }

    // Disposing a timer waits for no callback. What a callback throws ends the process.
    [Fact]
    public void Timer_that_rings_when_the_response_is_disposed_of_does_nothing()
    {
        var deadline = new OriginDeadline(_time, CancellationToken.None);
        var stillness = new BodyStillness(_pace, deadline, _time);
        stillness.Start();
        stillness.Begin();
        stillness.Dispose();
        deadline.Dispose();
        _time.Advance(TimeSpan.FromSeconds(1));

        _time.RingLast();

        Assert.Null(stillness.CutAfter);
    }

    [Fact]
    public void Timer_that_rings_as_the_read_ends_does_nothing()
    {
        using var deadline = new OriginDeadline(_time, CancellationToken.None);
        using var stillness = new BodyStillness(_pace, deadline, _time);
        stillness.Start();
        stillness.Begin();
        stillness.End();
        _time.Advance(TimeSpan.FromSeconds(1));

        _time.RingLast();

        Assert.Null(stillness.CutAfter);
        Assert.False(deadline.Token.IsCancellationRequested);
    }

    /// <summary>A clock whose last timer can be rung late, as when its callback was under way already.</summary>
    private sealed class RingingTime : Microsoft.Extensions.Time.Testing.FakeTimeProvider
    {
        private Action _ringLast = static () => { };

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _ringLast = () => callback(state);
            return base.CreateTimer(callback, state, dueTime, period);
        }

        public void RingLast() => _ringLast();
    }
}
