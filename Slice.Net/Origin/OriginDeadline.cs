namespace Slice.Net.Origin;

/// <summary>
/// One cancellation for the life of one exchange with the origin, fired by the caller's token or by the deadline that is armed. One
/// timer per exchange, re-armed for each wait.
/// </summary>
internal sealed class OriginDeadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _callerRegistration;
    private readonly CancellationToken _caller;

    /// <summary>A deadline that is not armed.</summary>
    public OriginDeadline(TimeProvider time, CancellationToken caller)
    {
        _caller = caller;
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        _callerRegistration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    /// <summary>Cancelled by either.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Starts a wait.</summary>
    public void Arm(TimeSpan timeout) => _source.CancelAfter(timeout);

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
