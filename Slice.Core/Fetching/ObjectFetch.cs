using Slice.Core.Origin;

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
    private readonly CancellationSignal _abandoned = new();
    private int _followers;
    private bool _isTaken;
    private bool _isAbandoned;

    /// <summary>Completes when the origin has answered; never faults.</summary>
    public Task<ObjectFetchResult> Result => _result.Task;

    /// <summary>Cancelled when the last follower left while the origin had not answered.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>What the request was made with.</summary>
    public FetchSettings Settings => settings;

    /// <summary>Begins to follow; false when the result is there, or everybody has left. Pair with <see cref="StopFollowing"/>.</summary>
    public bool TryFollow()
    {
        lock (_lock)
        {
            if (_isAbandoned || _result.Task.IsCompleted)
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

    /// <summary>Ends following. The last to leave before there is a result ends the request at the origin.</summary>
    public void StopFollowing()
    {
        bool isAbandoned;
        lock (_lock)
        {
            _followers--;
            _isAbandoned |= isAbandoned = _followers == 0 && !_result.Task.IsCompleted;
        }

        if (isAbandoned)
        {
            _abandoned.Raise();
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
