namespace Slice.Net.Origin;

/// <summary>
/// One cancellation for the life of one exchange with the origin, fired by the caller's token or by the deadline that is armed. One
/// timer per exchange, re-armed for each wait.
/// </summary>
internal sealed class OriginDeadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly TimeProvider _time;
    private CancellationTokenRegistration _callerRegistration;
    private CancellationToken _caller;
    private long _begunAt;
    private TimeSpan _total = Timeout.InfiniteTimeSpan;

    /// <summary>A deadline that is not armed.</summary>
    public OriginDeadline(TimeProvider time, CancellationToken caller)
    {
        _time = time;
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        Begin(caller);
    }

    /// <summary>Cancelled by either.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether the time of all waits together is over.</summary>
    public bool IsTotalOver => _total != Timeout.InfiniteTimeSpan && _time.GetElapsedTime(_begunAt) >= _total;

    /// <summary>
    /// Ends with an exchange, to be used for the next one on the same connection: a timer and a source are saved. False when that cannot
    /// be, because somebody has fired it.
    /// </summary>
    public bool TryRest()
    {
        _callerRegistration.Dispose();
        _callerRegistration = default;
        _total = Timeout.InfiniteTimeSpan;
        return _source.TryReset();
    }

    /// <summary>Begins with the next exchange, after <see cref="TryRest"/>.</summary>
    /// <param name="caller">Its caller's token.</param>
    public void Begin(CancellationToken caller)
    {
        _caller = caller;
        _begunAt = _time.GetTimestamp();
        _callerRegistration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    /// <summary>Lets no wait that begins from now on last longer than <paramref name="total"/> after this deadline was made.</summary>
    public void LimitTotal(TimeSpan total) => _total = total;

    /// <summary>Starts a wait.</summary>
    public void Arm(TimeSpan timeout)
    {
        if (_total != Timeout.InfiniteTimeSpan)
        {
            var left = _total - _time.GetElapsedTime(_begunAt);
            timeout = left < TimeSpan.Zero ? TimeSpan.Zero : left < timeout ? left : timeout;
        }

        _source.CancelAfter(timeout);
    }

    /// <summary>Ends a wait.</summary>
    public void Disarm() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>Ends the wait now, and every later one.</summary>
    public void Expire() => _source.Cancel();

    /// <summary>Throws when it was the caller who cancelled.</summary>
    public void ThrowIfCallerCancelled() => _caller.ThrowIfCancellationRequested();

    /// <inheritdoc/>
    public void Dispose()
    {
        _callerRegistration.Dispose();
        _source.Dispose();
    }
}
