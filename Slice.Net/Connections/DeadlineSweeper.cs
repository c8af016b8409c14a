using System.Collections.Concurrent;

namespace Slice.Net.Connections;

/// <summary>
/// Looks once a second which connections have waited too long, and which clients have gone: one timer for all of them instead of one
/// each. More often once the instance stops (<see cref="Hasten"/>). Thread-safe.
/// </summary>
internal sealed class DeadlineSweeper : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(1);

    // When the instance stops, somebody waits for the last connection. Arbitrary.
    private static readonly TimeSpan s_hastyPeriod = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<ISwept, byte> _swept = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private int _isHasty;

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

    /// <summary>Looks ten times a second from now on; nothing when that was said before.</summary>
    public void Hasten()
    {
        if (Interlocked.Exchange(ref _isHasty, 1) == 0)
        {
            _timer.Change(s_hastyPeriod, s_hastyPeriod);
        }
    }

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
