namespace Slice.Core.Fetching;

/// <summary>
/// One fetch of an object in flight and those who follow it. A result that only one may have is for the client that started the fetch; when
/// the last follower has left and nobody took the result, it is discarded. Thread-safe.
/// </summary>
/// <param name="settings">What the request was made with. Requests under other settings do not follow.</param>
/// <param name="discard">Ends a result that nobody took; must not throw.</param>
internal sealed class ObjectFetch(FetchSettings settings, Action<ObjectFetchResult> discard)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<ObjectFetchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _followers;
    private bool _isTaken;

    /// <summary>Completes when the origin has answered; never faults.</summary>
    public Task<ObjectFetchResult> Result => _result.Task;

    /// <summary>What the request was made with.</summary>
    public FetchSettings Settings => settings;

    /// <summary>Begins to follow; false when the result is there already. Pair with <see cref="StopFollowing"/>.</summary>
    public bool TryFollow()
    {
        lock (_lock)
        {
            if (_result.Task.IsCompleted)
            {
                return false;
            }

            _followers++;
            return true;
        }
    }

    /// <summary>Takes the result: it is not discarded when everybody has left.</summary>
    public void Take()
    {
        lock (_lock)
        {
            _isTaken = true;
        }
    }

    /// <summary>Ends following.</summary>
    public void StopFollowing()
    {
        lock (_lock)
        {
            _followers--;
        }

        DiscardIfUnwanted();
    }

    /// <summary>Sets the result and wakes everybody.</summary>
    public void Complete(ObjectFetchResult result)
    {
        lock (_lock)
        {
            _result.SetResult(result);
        }

        DiscardIfUnwanted();
    }

    private void DiscardIfUnwanted()
    {
        lock (_lock)
        {
            if (_followers > 0 || _isTaken || !_result.Task.IsCompleted)
            {
                return;
            }

            _isTaken = true;
        }

        discard(_result.Task.Result);
    }
}
