using Microsoft.Extensions.Time.Testing;

namespace Slice.Tests.Support;

/// <summary>
/// Time that stands still until the test moves it, with a wall clock that can be set. Timestamps and timers take no notice of that, as on a
/// real machine; those of <see cref="FakeTimeProvider"/> are made of its wall clock.
/// </summary>
internal sealed class SettableTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private long _setByTicks;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _setByTicks));

    /// <inheritdoc/>
    public override long GetTimestamp() => base.GetUtcNow().Ticks;

    /// <summary>Sets the wall clock forward, or back by a negative span.</summary>
    public void SetClock(TimeSpan by) => Interlocked.Add(ref _setByTicks, by.Ticks);
}
