using System.Collections.Concurrent;

namespace Slice.Net.Connections;

/// <summary>
/// Looks once a second which connections have waited too long, and which clients have gone: one timer for all of them instead of one
/// each. Thread-safe.
/// </summary>
internal sealed class DeadlineSweeper : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<ISwept, byte> _swept = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    /// <summary>A sweeper on the given clock; it runs until disposed.</summary>
    public DeadlineSweeper(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(static sweeper => ((DeadlineSweeper)sweeper!).Sweep(), this, s_period, s_period);
    }

    /// <summary>Begins to look. Pair with <see cref="Remove"/>.</summary>
    public void Add(ISwept swept) => _swept.TryAdd(swept, 0);

    /// <summary>Ends looking; nothing when that was done before.</summary>
    public void Remove(ISwept swept) => _swept.TryRemove(swept, out _);

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        long now = _time.GetTimestamp();
        foreach (var swept in _swept)
        {
            swept.Key.Sweep(now);
        }
    }
}
