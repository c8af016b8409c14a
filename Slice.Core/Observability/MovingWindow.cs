namespace Slice.Core.Observability;

/// <summary>
/// By how much counters have grown in the last five minutes. Thread-safe. Whoever counts does not notice: the sums are looked at every ten
/// seconds and kept, and the growth is the sum of now less the one of then.
/// </summary>
/// <remarks>
/// Totals are kept at 31 moments at most. The growth is since the oldest of them that is no more than five minutes ago: the window is never
/// longer than that, and up to ten seconds shorter; after a start it is as long as the instance has lived.
/// </remarks>
internal sealed class MovingWindow : IDisposable
{
    /// <summary>How far the window reaches back.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromMinutes(5);

    /// <summary>How often totals are kept. Arbitrary: below the 15 s at which Prometheus asks, as the deployment guide has it.</summary>
    public static readonly TimeSpan Step = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly Func<long>[] _totals;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    // The oldest first.
    private readonly Queue<Moment> _moments = new();
    private Moment _latest;

    /// <summary>A window over counters that begins now.</summary>
    /// <param name="time">The clock.</param>
    /// <param name="totals">Reads each counter; must not throw. They only grow.</param>
    public MovingWindow(TimeProvider time, params Func<long>[] totals)
    {
        (_time, _totals) = (time, totals);
        _moments.Enqueue(_latest = Look());
        _timer = time.CreateTimer(static window => ((MovingWindow)window!).Keep(), this, Step, Step);
    }

    /// <summary>The growth of each counter within the window, in the order in which they were given.</summary>
    public long[] Growth()
    {
        var now = Look();
        Moment then;
        lock (_lock)
        {
            DropOldUnsynchronized(now.At);

            // A process that was stopped for longer than the window has nothing better than what it knew before.
            then = _moments.TryPeek(out var oldest) ? oldest : _latest;
        }

        return [.. now.Totals.Select((total, index) => total - then.Totals[index])];
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Keep()
    {
        var now = Look();
        lock (_lock)
        {
            DropOldUnsynchronized(now.At);
            _moments.Enqueue(_latest = now);
        }
    }

    private void DropOldUnsynchronized(long now)
    {
        while (_moments.TryPeek(out var oldest) && _time.GetElapsedTime(oldest.At, now) > Length)
        {
            _moments.Dequeue();
        }
    }

    private Moment Look() => new(_time.GetTimestamp(), Array.ConvertAll(_totals, static read => read()));

    private sealed record Moment(long At, long[] Totals);
}
