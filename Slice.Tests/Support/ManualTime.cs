using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace Slice.Tests.Support;

/// <summary>Time that stands still until the test moves it, and that tells when somebody began to wait and for how long.</summary>
internal sealed class ManualTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _waits = Channel.CreateUnbounded<TimeSpan>();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        Assert.True(_waits.Writer.TryWrite(dueTime));
        return timer;
    }

    /// <summary>
    /// Waits until the next timer is set, and returns its length. The time stands still: whoever set the timer is at rest.
    /// </summary>
    public Task<TimeSpan> NextWaitAsync() =>
        Deadline.WithinAsync(_waits.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask(), "somebody to wait");

    /// <summary>Waits until the next timer is set, moves the time just far enough for it to ring, and returns its length.</summary>
    public async Task<TimeSpan> RingNextAsync()
    {
        var wait = await NextWaitAsync();
        Advance(wait);
        return wait;
    }
}
