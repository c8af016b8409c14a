using Microsoft.Extensions.Time.Testing;
using Slice.Core.Observability;
using Slice.Host.Status;
using Slice.Net.Delivery;

namespace Slice.Tests.Host.Status;

/// <summary>What is counted second by second.</summary>
public sealed class TrafficHistoryTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Each_second_has_what_was_counted_in_it()
    {
        using var meter = new SliceMeter(_time);
        meter.BytesToClient.Add(1000);
        using var history = new TrafficHistory(meter, new ActiveDeliveries(), _time);
        meter.BytesToClient.Add(7);
        meter.BytesFromOrigin.Add(5);
        meter.CacheHits.Add(2);
        _time.Advance(s_second);
        meter.CacheMisses.Add(3);
        meter.Responses.Add(2);
        _time.Advance(s_second);

        var samples = history.Read(most: TrafficHistory.Seconds, out long last);

        Assert.Equal(2, last);
        Assert.Equal([new TrafficSample(7, 5, 0, 2, 0), new TrafficSample(0, 0, 1, 0, 3)], samples);
    }

    [Fact]
    public void Five_minutes_are_kept_and_no_more()
    {
        using var meter = new SliceMeter(_time);
        using var history = new TrafficHistory(meter, new ActiveDeliveries(), _time);
        for (int second = 1; second <= TrafficHistory.Seconds + 10; second++)
        {
            meter.BytesToClient.Add(second);
            _time.Advance(s_second);
        }

        var all = history.Read(most: int.MaxValue, out long last);
        var latest = history.Read(most: 1, out _);

        Assert.Equal(TrafficHistory.Seconds + 10, last);
        Assert.Equal(Enumerable.Range(11, TrafficHistory.Seconds).Select(bytes => (long)bytes), all.Select(sample => sample.ToClients));
        Assert.Equal(TrafficHistory.Seconds + 10, Assert.Single(latest).ToClients);
    }
}
