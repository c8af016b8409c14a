using System.Diagnostics.CodeAnalysis;

namespace Slice.Net.SharedCache.Memcached;

/// <summary>
/// A bounded number of connections to one server for one sort of request. Whoever has a turn may take a connection that is idle, or open
/// one. Thread-safe.
/// </summary>
/// <param name="bound">Most turns at a time, and so most connections.</param>
[SuppressMessage(
    "Design",
    "CA1001:Types that own disposable fields should be disposable",
    Justification = "a semaphore whose wait handle nobody asks for has nothing to free, and turns end after everything is closed")]
internal sealed class ConnectionLane(int bound)
{
    private readonly SemaphoreSlim _turns = new(bound, bound);
    private readonly Stack<MemcachedConnection> _idle = new();

    /// <summary>Waits for a turn; <see cref="Leave"/> ends it.</summary>
    public Task EnterAsync(CancellationToken ct) => _turns.WaitAsync(ct);

    /// <summary>Ends a turn.</summary>
    public void Leave() => _turns.Release();

    /// <summary>Takes the connection that was used last; null when none is idle.</summary>
    public MemcachedConnection? TryTake()
    {
        lock (_idle)
        {
            return _idle.TryPop(out var connection) ? connection : null;
        }
    }

    /// <summary>Gives a connection back for others.</summary>
    public void Return(MemcachedConnection connection)
    {
        lock (_idle)
        {
            _idle.Push(connection);
        }
    }
}
