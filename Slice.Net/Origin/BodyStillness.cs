namespace Slice.Net.Origin;

/// <summary>
/// Cuts a body that stands still for longer than bodies of the origin do as a rule. One per response; one reader at a time.
/// </summary>
/// <param name="pace">How fast the origin answers.</param>
/// <param name="deadline">Ends the read.</param>
/// <param name="time">The clock.</param>
internal sealed class BodyStillness(OriginPace pace, OriginDeadline deadline, TimeProvider time) : IDisposable
{
    private ITimer? _timer;
    private long _begunAt;
    private long _cutAfterTicks;

    /// <summary>How long the body had stood still when it was cut; null when it was not.</summary>
    public TimeSpan? CutAfter => Volatile.Read(ref _cutAfterTicks) is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>From now on reads may be cut.</summary>
    public void Start() => _timer ??= time.CreateTimer(
        static self => ((BodyStillness)self!).Late(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>A read begins.</summary>
    public void Begin()
    {
        Volatile.Write(ref _begunAt, time.GetTimestamp());
        _timer?.Change(pace.BodyLimit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The read has brought something, or the end.</summary>
    public void End()
    {
        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        pace.BytesArrived(_begunAt);
    }

    /// <inheritdoc/>
    public void Dispose() => _timer?.Dispose();

    // A read that ends just now is one that is gone on with for nothing.
    private void Late()
    {
        var waited = time.GetElapsedTime(Volatile.Read(ref _begunAt));
        var limit = pace.BodyLimit;
        if (waited >= limit && pace.TryHedge())
        {
            Volatile.Write(ref _cutAfterTicks, waited.Ticks);
            deadline.Expire();
        }
        else
        {
            _timer?.Change(limit, Timeout.InfiniteTimeSpan);
        }
    }
}
