using Slice.Core.Observability;

namespace Slice.Tests.Observability;

public class DurationHistogramTests
{
    private readonly DurationHistogram _histogram = new(new CounterSheet());

    // Prometheus' le: a duration belongs to the first bucket whose bound it does not exceed.
    [Fact]
    public void Duration_at_a_bound_is_within_it_and_one_tick_more_is_not()
    {
        for (int bucket = 0; bucket < DurationHistogram.UpperBoundsSeconds.Length; bucket++)
        {
            var histogram = new DurationHistogram(new CounterSheet());
            var bound = TimeSpan.FromTicks((long)Math.Round(DurationHistogram.UpperBoundsSeconds[bucket] * TimeSpan.TicksPerSecond));
            histogram.Record(bound);
            Assert.Equal(1, histogram.CountIn(bucket));
            histogram.Record(bound + TimeSpan.FromTicks(1));
            Assert.Equal(1, histogram.CountIn(bucket));
            Assert.Equal(1, histogram.CountIn(bucket + 1));
        }
    }

    [Fact]
    public void Bounds_ascend() =>
        Assert.Equal(DurationHistogram.UpperBoundsSeconds.Order().Distinct(), DurationHistogram.UpperBoundsSeconds);

    [Fact]
    public void Duration_beyond_every_bound_is_counted_in_the_last_bucket()
    {
        _histogram.Record(TimeSpan.FromDays(1));
        Assert.Equal(1, _histogram.CountIn(DurationHistogram.UpperBoundsSeconds.Length));
        Assert.Equal(1, _histogram.Count);
    }

    [Fact]
    public void Sum_and_count_agree()
    {
        _histogram.Record(TimeSpan.FromMilliseconds(1));
        _histogram.Record(TimeSpan.FromMilliseconds(2));
        _histogram.Record(TimeSpan.FromSeconds(3));
        Assert.Equal(3, _histogram.Count);
        Assert.Equal(TimeSpan.FromMilliseconds(3003), _histogram.Sum);
    }
}
