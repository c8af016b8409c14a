namespace Slice.Tests.Support;

/// <summary>The clock of the system, so many times as fast: timestamps and timers, and not the time of day.</summary>
internal sealed class FastTime(double factor) : TimeProvider
{
    private readonly long _start = System.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => System.TimestampFrequency;

    /// <inheritdoc/>
    public override long GetTimestamp() => _start + (long)((System.GetTimestamp() - _start) * factor);

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, dueTime / factor, period / factor);
}
