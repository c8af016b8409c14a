using System.Collections.Concurrent;

namespace Slice.Net.Connections;

/// <summary>
/// Looks once a second which connections have waited too long: one timer for all of them instead of one each. Thread-safe.
/// </summary>
internal sealed class DeadlineSweeper : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ConnectionDeadlines, byte> _connections = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    /// <summary>A sweeper on the given clock; it runs until disposed.</summary>
    public DeadlineSweeper(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static sweeper => ((DeadlineSweeper)sweeper!).Sweep(), this, s_period, s_period);
    }

    /// <summary>Begins to watch a connection. Pair with <see cref="Remove"/>.</summary>
    public void Add(ConnectionDeadlines connection) => _connections.TryAdd(connection, 0);

    /// <summary>Ends watching.</summary>
    public void Remove(ConnectionDeadlines connection) => _connections.TryRemove(connection, out _);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        long now = _time.GetTimestamp();
        foreach (var connection in _connections)
        {
            connection.Key.Sweep(now);
        }
    }
}
