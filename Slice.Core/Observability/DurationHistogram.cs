namespace Slice.Core.Observability;

/// <summary>
/// Durations in fixed buckets, as Prometheus counts them. Thread-safe; a recording is two uncontended additions and a short search.
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

    private readonly StripedCounter[] _buckets;
    private readonly StripedCounter _sumTicks = new();

    /// <summary>An empty histogram.</summary>
    public DurationHistogram()
    {
        _buckets = new StripedCounter[UpperBoundsSeconds.Length + 1];
        for (int index = 0; index < _buckets.Length; index++)
        {
            _buckets[index] = new StripedCounter();
        }
    }

    /// <summary>Recordings so far.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (var bucket in _buckets)
            {
                count += bucket.Value;
            }

            return count;
        }
    }

    /// <summary>Sum of all durations.</summary>
    public TimeSpan Sum => new(_sumTicks.Value);

    /// <summary>Mean duration in milliseconds; 0 before the first recording.</summary>
    public double MeanMs => Count is var count and > 0 ? Sum.TotalMilliseconds / count : 0;

    /// <summary>Records one duration.</summary>
    public void Record(TimeSpan duration) => RecordTicks(duration.Ticks);

    /// <summary>Records a duration in seconds, to the nearest 100 ns.</summary>
    public void Record(double seconds) => RecordTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));

    /// <summary>Recordings in the bucket whose upper bound has this index; the last index is the bucket without bound.</summary>
    public long CountIn(int bucket) => _buckets[bucket].Value;

    private void RecordTicks(long ticks)
    {
        int bucket = 0;
        while (bucket < s_upperBoundTicks.Length && ticks > s_upperBoundTicks[bucket])
        {
            bucket++;
        }

        _buckets[bucket].Add(1);
        _sumTicks.Add(ticks);
    }
}
