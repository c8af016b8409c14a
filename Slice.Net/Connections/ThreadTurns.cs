using System.Collections.Concurrent;

namespace Slice.Net.Connections;

/// <summary>
/// The connections that take turns, and the threads on which those go on whose turn is over: not those of the thread pool, which wait for
/// the disk at times. One thread for eight processors: of a quarter of a millisecond it is wanted for one request. The threads begin when
/// a turn is over for the first time. Thread-safe.
/// </summary>
internal sealed class ThreadTurns : IDisposable
{
    // As many at most as there are connections.
    private readonly BlockingCollection<ThreadTurn> _waiting = [];
    private readonly Lock _lock = new();
    private int _threads;
    private bool _isDisposed;
    private int _connections;

    /// <summary>Whether a connection that asks is the only one.</summary>
    public bool HasOne => Volatile.Read(ref _connections) <= 1;

    /// <summary>A connection begins. Pair with <see cref="Leave"/>.</summary>
    public void Enter() => Interlocked.Increment(ref _connections);

    /// <summary>A connection has ended.</summary>
    public void Leave() => Interlocked.Decrement(ref _connections);

    /// <summary>Lets a connection go on after those that wait already.</summary>
    public void GoOn(ThreadTurn turn)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                Begin();
                _waiting.Add(turn);
                return;
            }
        }

        // A connection that outlived the instance goes on to its end.
        ThreadPool.UnsafeQueueUserWorkItem(static turn => turn.Run(), turn, preferLocal: false);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The threads end by themselves, soon: what runs there waits for nothing. It may be the end of the last connection, and whoever waited
    /// for that to dispose of this.
    /// </remarks>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _waiting.CompleteAdding();
            if (_threads == 0)
            {
                _waiting.Dispose();
            }
        }
    }

    // Under the lock.
    private void Begin()
    {
        if (_threads > 0)
        {
            return;
        }

        _threads = (Environment.ProcessorCount + 7) / 8;
        for (int index = 0; index < _threads; index++)
        {
            new Thread(Run) { Name = "turns", IsBackground = true }.Start();
        }
    }

    private void Run()
    {
        foreach (var turn in _waiting.GetConsumingEnumerable())
        {
            turn.Run();
        }

        if (Interlocked.Decrement(ref _threads) == 0)
        {
            _waiting.Dispose();
        }
    }
}
