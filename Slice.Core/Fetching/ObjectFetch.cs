using Slice.Core.Objects;
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

    // Whoever completes the fetch has nothing left to do, and goes on as the client that started it: no other thread has to wake up.
    private readonly TaskCompletionSource<ObjectFetchResult> _result = new();
    private readonly TaskCompletionSource<ObjectFetchResult?> _shared = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationSignal _abandoned = new();
    private ObjectFetchResult? _answer;
    private int _followers;
    private bool _hasOwnerLeft;
    private bool _isTaken;
    private bool _isAbandoned;

    /// <summary>For the client that started the fetch: completes when the origin has answered; never faults.</summary>
    public Task<ObjectFetchResult> Result => _result.Task;

    /// <summary>For the other followers: the same result, or null as soon as they are let go; never faults.</summary>
    public Task<ObjectFetchResult?> Shared => _shared.Task;

    /// <summary>Cancelled when the last follower left while the origin had not answered.</summary>
    public CancellationToken Abandoned => _abandoned.Token;

    /// <summary>What the request was made with.</summary>
    public FetchSettings Settings => settings;

    /// <summary>The removals that the key had seen when the object was asked for. Set before the fetch starts.</summary>
    public RemovalMark Asked { get; init; }

    /// <summary>
    /// Takes the fetch from where others find it, before they are let go; null where nobody finds it, or they may not be let go. Set before
    /// the fetch starts.
    /// </summary>
    public Action? GiveUpPlace { get; set; }

    /// <summary>
    /// Looks for what somebody else may have brought meanwhile, with the fields of the client that started the fetch; null when there is
    /// nothing to look for. Set before the fetch starts.
    /// </summary>
    public Func<Generation?>? LookAgain { get; set; }

    /// <summary>
    /// Begins to follow; false when there is nothing to wait for any more, or everybody has left. Pair with <see cref="StopFollowing"/>.
    /// </summary>
    public bool TryFollow()
    {
        lock (_lock)
        {
            if (_isAbandoned || _shared.Task.IsCompleted)
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

    /// <summary>
    /// A try has failed in a way that may be the fault of the client that started the fetch (B51): the others wait for the repeats no
    /// longer.
    /// </summary>
    public void LetOthersGo()
    {
        if (GiveUpPlace is not { } giveUpPlace)
        {
            return;
        }

        giveUpPlace();
        lock (_lock)
        {
            _shared.TrySetResult(null);
        }
    }

    /// <summary>
    /// What <see cref="LookAgain"/> finds once the others were let go; null before, and when the client whose fields are compared has left.
    /// </summary>
    public Generation? FindNewer()
    {
        lock (_lock)
        {
            return _hasOwnerLeft || !_shared.Task.IsCompleted ? null : LookAgain?.Invoke();
        }
    }

    /// <summary>
    /// What <see cref="LookAgain"/> finds; null when nothing is, and when the client whose fields are compared has left.
    /// </summary>
    public Generation? FindStored()
    {
        lock (_lock)
        {
            return _hasOwnerLeft ? null : LookAgain?.Invoke();
        }
    }

    /// <summary>Ends following. The last to leave before there is a result ends the request at the origin.</summary>
    /// <param name="isOwner">
    /// Whether it is the client that started the fetch: its fields are looked at no more once the call has returned.
    /// </param>
    public void StopFollowing(bool isOwner = false)
    {
        bool isAbandoned;
        lock (_lock)
        {
            _followers--;
            _hasOwnerLeft |= isOwner;
            _isAbandoned |= isAbandoned = _followers == 0 && _answer is null;
        }

        if (isAbandoned)
        {
            _abandoned.Raise();
        }

        DiscardIfUnwanted();
    }

    /// <summary>
    /// Sets the result and wakes everybody. The client that started the fetch goes on within this call, as far as it can without a wait:
    /// the last thing to do, and with no lock held.
    /// </summary>
    public void Complete(ObjectFetchResult result)
    {
        lock (_lock)
        {
            _answer = result;
            _shared.TrySetResult(result);
        }

        _result.SetResult(result);
        DiscardIfUnwanted();
    }

    private void DiscardIfUnwanted()
    {
        lock (_lock)
        {
            if (_followers > 0 || _isTaken || _answer is null)
            {
                return;
            }

            _isTaken = true;
        }

        discard(_answer);
    }
}
