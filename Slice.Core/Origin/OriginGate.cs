namespace Slice.Core.Origin;

/// <summary>
/// How many subrequests run at the origin at once, over all clients: a semaphore in front of the connection pool. Thread-safe.
/// A permit is held from before a subrequest is sent until its body is read or given up, never while waiting to retry and never at
/// a client's pace.
/// </summary>
public sealed class OriginGate : IDisposable
{
    private readonly SemaphoreSlim _permits;
    private readonly TimeSpan _queueTimeout;
    private readonly TimeProvider _time;

    /// <summary>A gate with <paramref name="limit"/> permits; nobody waits longer than <paramref name="queueTimeout"/> by <paramref name="time"/>.</summary>
    public OriginGate(int limit, TimeSpan queueTimeout, TimeProvider time)
    {
        _time = time;
        _permits = new SemaphoreSlim(limit, limit);
        _queueTimeout = queueTimeout;
    }

    /// <summary>Permits that are free.</summary>
    public int Free => _permits.CurrentCount;

    /// <summary>Waits for a permit, first come first served; false when the time ran out. Pair with <see cref="Leave"/>.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public ValueTask<bool> TryEnterAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();

        // While somebody queues there is no free permit to take past them: a permit given back goes to whoever waits.
        return _permits.Wait(0, CancellationToken.None) ? new(true) : TryEnterSlowAsync(ct);
    }

    /// <summary>Gives the permit back.</summary>
    public void Leave() => _permits.Release();

    /// <inheritdoc/>
    public void Dispose() => _permits.Dispose();

    private async ValueTask<bool> TryEnterSlowAsync(CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(_queueTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await _permits.WaitAsync(either.Token);
            return true;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
