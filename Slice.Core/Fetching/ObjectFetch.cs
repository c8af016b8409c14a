namespace Slice.Core.Fetching;

/// <summary>
/// One lesson in flight and those who wait for it. An outcome that only one may have is for the client that started the flight; when
/// the last one leaves and it was not taken, it is discarded. Thread-safe.
/// </summary>
internal sealed class ObjectFetch
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<ObjectFetchResult> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiters;
    private bool _isTaken;

    /// <summary>Completes when the origin has answered; never faults.</summary>
    public Task<ObjectFetchResult> Outcome => _outcome.Task;

    /// <summary>Begins to wait; false when the outcome is there already. Pair with <see cref="Leave"/>.</summary>
    public bool TryJoin()
    {
        lock (_lock)
        {
            if (_outcome.Task.IsCompleted)
            {
                return false;
            }

            _waiters++;
            return true;
        }
    }

    /// <summary>Takes the outcome for the client that started the flight: it is not discarded when everybody has left.</summary>
    public void Take()
    {
        lock (_lock)
        {
            _isTaken = true;
        }
    }

    /// <summary>Ends waiting.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _waiters--;
        }

        DiscardIfUnwanted();
    }

    /// <summary>Sets the outcome and wakes everybody.</summary>
    public void Complete(ObjectFetchResult outcome)
    {
        lock (_lock)
        {
            _outcome.SetResult(outcome);
        }

        DiscardIfUnwanted();
    }

    private void DiscardIfUnwanted()
    {
        lock (_lock)
        {
            if (_waiters > 0 || _isTaken || !_outcome.Task.IsCompleted)
            {
                return;
            }

            _isTaken = true;
        }

        var outcome = _outcome.Task.Result;
        if (outcome.IsExclusive)
        {
            outcome.Discard();
        }
    }
}
