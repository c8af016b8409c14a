namespace Slice.Net.Origin;

/// <summary>
/// Cuts a body that stands still for longer than bodies of the origin do as a rule. One per response; one reader at a time.
/// </summary>
/// <param name="pace">How fast the origin answers.</param>
/// <param name="deadline">Ends the read; disposed after this.</param>
/// <param name="time">The clock.</param>
internal sealed class BodyStillness(OriginPace pace, OriginDeadline deadline, TimeProvider time) : IDisposable
{
    // The timer may ring while a read ends, or the response: nothing is cut then.
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private long _begunAt;
    private bool _isReading;
    private TimeSpan? _cutAfter;

    /// <summary>How long the body had stood still when it was cut; null when it was not.</summary>
    public TimeSpan? CutAfter
    {
        get
        {
            lock (_lock)
            {
                return _cutAfter;
            }
        }
    }

    /// <summary>From now on reads may be cut.</summary>
    public void Start() => _timer ??= time.CreateTimer(
        static self => ((BodyStillness)self!).Late(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>A read begins.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            (_begunAt, _isReading) = (time.GetTimestamp(), true);
        }

        _timer?.Change(pace.BodyLimit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The read has brought something, or the end.</summary>
    public void End()
    {
        Stop();
        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        pace.BytesArrived(_begunAt);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        _timer?.Dispose();
    }

    private void Stop()
    {
        lock (_lock)
        {
            _isReading = false;
        }
    }

    private void Late()
    {
        lock (_lock)
        {
            if (!_isReading || _cutAfter is not null)
            {
                return;
            }

            var limit = pace.BodyLimit;
            var waited = time.GetElapsedTime(_begunAt);
            if (waited >= limit && pace.TryHedge())
            {
                _cutAfter = waited;
                deadline.Expire();
            }
            else
            {
                _timer?.Change(limit, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
