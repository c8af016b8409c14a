namespace Slice.Core.Origin;

/// <summary>
/// How many subrequests run at the origin at once, over all clients: a semaphore in front of the connection pool. Thread-safe.
/// A permit is held from before a subrequest is sent until its body is read or given up, never while waiting to retry and never at
/// a client's pace.
/// </summary>
public sealed class OriginGate : IDisposable
{
    private readonly Lock _resizing = new();
    private readonly SemaphoreSlim _permits;
    private readonly TimeProvider _time;
    private int _limit;
    private int _inside;

    // Permits that are out and above a limit that was lowered: they are not given to the next in line when they come back.
    private int _surplus;

    /// <summary>A gate with <paramref name="limit"/> permits, 1 or more; <paramref name="time"/> is the clock of those who queue.</summary>
    public OriginGate(int limit, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        _time = time;
        _limit = limit;
        _permits = new SemaphoreSlim(limit);
    }

    /// <summary>Permits that are free.</summary>
    public int Free => _permits.CurrentCount;

    /// <summary>Permits that are out.</summary>
    public int Inside => Volatile.Read(ref _inside);

    /// <summary>Changes the limit, 1 or more, from now on. Who is inside stays; a lower limit is reached as permits come back.</summary>
    public void Resize(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        lock (_resizing)
        {
            int more = limit - _limit;
            _limit = limit;
            for (; more < 0; more++)
            {
                _surplus += _permits.Wait(0, CancellationToken.None) ? 0 : 1;
            }

            int forgiven = Math.Min(more, _surplus);
            _surplus -= forgiven;
            if (more > forgiven)
            {
                _permits.Release(more - forgiven);
            }
        }
    }

    /// <summary>
    /// Waits for a permit, first come first served; false when <paramref name="queueTimeout"/> ran out. Pair with <see cref="Leave"/>.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public ValueTask<bool> TryEnterAsync(TimeSpan queueTimeout, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();

        // While somebody queues there is no free permit to take past them: a permit given back goes to whoever waits.
        return _permits.Wait(0, CancellationToken.None) ? new(Entered()) : TryEnterSlowAsync(queueTimeout, ct);
    }

    /// <summary>Gives the permit back.</summary>
    /// <exception cref="InvalidOperationException">Nobody is inside: a permit was given back twice, or was never taken.</exception>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _inside) < 0)
        {
            Interlocked.Increment(ref _inside);
            throw new InvalidOperationException("A permit of the origin gate was given back that nobody had taken.");
        }

        if (!TryRepaySurplus())
        {
            _permits.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _permits.Dispose();

    private bool Entered()
    {
        Interlocked.Increment(ref _inside);
        return true;
    }

    private bool TryRepaySurplus()
    {
        if (Volatile.Read(ref _surplus) == 0)
        {
            return false;
        }

        lock (_resizing)
        {
            if (_surplus == 0)
            {
                return false;
            }

            _surplus--;
            return true;
        }
    }

    private async ValueTask<bool> TryEnterSlowAsync(TimeSpan queueTimeout, CancellationToken ct)
    {
        using var deadline = new CancellationTokenSource(queueTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, deadline.Token);
        try
        {
            await _permits.WaitAsync(either.Token);
            return Entered();
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }
}
