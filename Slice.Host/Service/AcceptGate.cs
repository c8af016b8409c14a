namespace Slice.Host.Service;

/// <summary>
/// Decides whether the ports of this process take connections. Two processes that serve the same ports would each have a cache that the
/// other's purges do not reach: so the one closes its gate before the other opens its own. Thread-safe.
/// </summary>
/// <remarks>
/// A listener waits for <see cref="Opened"/>, enters with <see cref="TryEnter"/>, accepts once under the token that it gets, and leaves.
/// What comes while the gate is closed waits in the queue of the kernel.
/// </remarks>
internal sealed class AcceptGate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _opened = NewSource();
    private TaskCompletionSource _emptied = NewSource();
    private CancellationToken _closing;
    private Func<Task> _cancel = () => Task.CompletedTask;
    private int _inside;

    /// <param name="isOpen">Whether it begins open.</param>
    public AcceptGate(bool isOpen)
    {
        if (isOpen)
        {
            Open();
        }
    }

    /// <summary>Is done when connections may be taken.</summary>
    public Task Opened
    {
        get
        {
            lock (_lock)
            {
                return _opened.Task;
            }
        }
    }

    private bool IsOpenUnsynchronized => _opened.Task.IsCompleted;

    /// <summary>Lets a listener accept one connection; <see cref="Leave"/> ends that.</summary>
    /// <param name="closing">Cancelled when the gate closes; the same from one opening to the next closing.</param>
    /// <returns>False while it is closed.</returns>
    public bool TryEnter(out CancellationToken closing)
    {
        lock (_lock)
        {
            closing = _closing;
            if (!IsOpenUnsynchronized)
            {
                return false;
            }

            _inside++;
            return true;
        }
    }

    /// <summary>A listener accepts no more until it enters again.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            _inside--;
            if (_inside == 0 && !IsOpenUnsynchronized)
            {
                _emptied.TrySetResult();
            }
        }
    }

    /// <summary>Connections are taken from here on.</summary>
    public void Open()
    {
        lock (_lock)
        {
            if (!IsOpenUnsynchronized)
            {
                // The token of the time before stays cancelled; listeners may still look at it. There is no timer to dispose.
                var source = new CancellationTokenSource();
                (_closing, _cancel) = (source.Token, source.CancelAsync);
                _opened.SetResult();
            }
        }
    }

    /// <summary>Ends every accept that is under way, without touching the sockets.</summary>
    /// <returns>Is done when no connection can be taken any more.</returns>
    public Task CloseAsync()
    {
        Func<Task> cancel;
        Task emptied;
        lock (_lock)
        {
            if (IsOpenUnsynchronized)
            {
                (_opened, _emptied) = (NewSource(), NewSource());
            }

            if (_inside == 0)
            {
                _emptied.TrySetResult();
            }

            (cancel, emptied) = (_cancel, _emptied.Task);
        }

        return Task.WhenAll(cancel(), emptied);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
