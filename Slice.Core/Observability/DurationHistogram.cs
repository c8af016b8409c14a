namespace Slice.Core.Observability;

/// <summary>
/// Durations in fixed buckets, as Prometheus counts them, in a <see cref="CounterSheet"/>. Thread-safe; a recording is two additions and a
/// short search.
/// </summary>
public sealed class DurationHistogram
{
    /// <summary>
    /// Upper bounds of the buckets in seconds: Prometheus' customary ones, from 0.5 ms for hits to 300 s for large downloads.
    /// </summary>
    public static readonly double[] UpperBoundsSeconds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

    private static readonly long[] s_upperBoundTicks =
        Array.ConvertAll(UpperBoundsSeconds, seconds => (long)(seconds * TimeSpan.TicksPerSecond));

    private readonly CounterSheet _sheet;
    private readonly int _firstCell;

    /// <summary>An empty histogram, in cells of <paramref name="sheet"/>.</summary>
    public DurationHistogram(CounterSheet sheet)
    {
        _sheet = sheet;
        _firstCell = sheet.TakeCells(UpperBoundsSeconds.Length + 2);
    }

    /// <summary>Recordings so far.</summary>
    public long Count => Enumerable.Range(0, UpperBoundsSeconds.Length + 1).Sum(CountIn);

    /// <summary>Sum of all durations.</summary>
    public TimeSpan Sum => new(_sheet.Sum(SumCell));

    // After the buckets: the one of each bound, and the one without.
    internal int SumCell => _firstCell + UpperBoundsSeconds.Length + 1;

    /// <summary>Records one duration.</summary>
    public void Record(TimeSpan duration)
    {
        using var entry = _sheet.Open();
        entry.Record(this, duration);
    }

    /// <summary>Recordings in the bucket whose upper bound has this index; the last index is the bucket without bound.</summary>
    public long CountIn(int bucket) => _sheet.Sum(_firstCell + bucket);

    internal int CellOf(TimeSpan duration)
    {
        long ticks = duration.Ticks;
        int bucket = 0;
        while (bucket < s_upperBoundTicks.Length && ticks > s_upperBoundTicks[bucket])
        {
            bucket++;
        }

        return _firstCell + bucket;
    }
}
