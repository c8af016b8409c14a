using Microsoft.Extensions.Time.Testing;
using Slice.Core.Observability;

namespace Slice.Tests.Observability;

/// <summary>B69: the rates and means of the contract are of the last five minutes, and NaN when nothing happened in them.</summary>
public sealed class TrafficWindowTests : IDisposable
{
    private static readonly string[] s_names =
    [
        "cache_hit_rate", "subrequest_failure_rate", "request_duration_ms_avg", "subrequest_duration_ms_avg", "assembly_duration_ms_avg",
    ];

    private readonly FakeTimeProvider _time = new();
    private readonly SliceMeter _meter;

    public TrafficWindowTests() => _meter = new SliceMeter(_time);

    public void Dispose() => _meter.Dispose();

    [Fact]
    [Trait("Behaviour", "B69")]
    public void Figures_of_an_idle_instance_are_not_a_number() => Assert.All(s_names, name => Assert.Equal(double.NaN, Value(name)));

    [Fact]
    [Trait("Behaviour", "B69")]
    public void Figures_of_an_instance_that_fell_idle_are_not_a_number_after_five_minutes()
    {
        Use();
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.All(s_names, name => Assert.True(Value(name) > 0, name));

        _time.Advance(TimeSpan.FromMinutes(1) + MovingWindow.Step);
        Assert.All(s_names, name => Assert.Equal(double.NaN, Value(name)));
    }

    [Fact]
    public void Figures_come_back_with_the_next_request()
    {
        Use();
        _time.Advance(TimeSpan.FromHours(1));
        Use();
        Assert.All(s_names, name => Assert.True(Value(name) > 0, name));
    }

    [Theory]
    [Trait("Behaviour", "B69")]
    [InlineData(0, 5, 0)]
    [InlineData(1, 3, 25)]
    [InlineData(5, 0, 100)]
    public void Hit_rate_is_of_the_slices_of_the_last_five_minutes_in_percent(int hits, int misses, double percent)
    {
        _meter.CacheHits.Add(1_000);
        _meter.CacheMisses.Add(700);
        _time.Advance(MovingWindow.Length + MovingWindow.Step);
        _meter.CacheHits.Add(hits);
        _meter.CacheMisses.Add(misses);
        Assert.Equal(percent, Value("cache_hit_rate"));
    }

    // Tries do not count: one subrequest with nine repeats that fails, beside one that ends well, is a half and no tenth.
    [Theory]
    [Trait("Behaviour", "B69")]
    [InlineData(4, 0, 0)]
    [InlineData(3, 1, 25)]
    [InlineData(0, 3, 100)]
    public void Failure_rate_is_of_subrequests_that_finished_and_not_of_tries(int completed, int failed, double percent)
    {
        _meter.CompletedSubrequests.Add(completed);
        _meter.FailedSubrequests.Add(failed);
        _meter.Subrequests.Add(1_000);
        _meter.RetriedSubrequests.Add(900);
        Assert.Equal(percent, Value("subrequest_failure_rate"));
    }

    [Fact]
    [Trait("Behaviour", "B69")]
    public void Means_are_of_the_last_five_minutes_in_milliseconds()
    {
        Use();
        _time.Advance(MovingWindow.Length + MovingWindow.Step);
        _meter.RequestDuration.Record(TimeSpan.FromSeconds(1));
        _meter.RequestDuration.Record(TimeSpan.FromSeconds(2));
        _meter.SubrequestDuration.Record(TimeSpan.FromSeconds(3));
        _meter.AssemblyDuration.Record(TimeSpan.FromSeconds(4));
        Assert.Equal(1500, Value("request_duration_ms_avg"));
        Assert.Equal(3000, Value("subrequest_duration_ms_avg"));
        Assert.Equal(4000, Value("assembly_duration_ms_avg"));
    }

    // At every age, in steps that do not fit those of the window: what is older than five minutes is never in it, what is younger by a
    // step always is.
    [Fact]
    public void Window_is_never_longer_than_five_minutes_and_shorter_by_a_step_at_most()
    {
        var step = TimeSpan.FromSeconds(3.7);
        _time.Advance(step);
        for (int round = 0; round < 50; round++)
        {
            _meter.CacheHits.Add(1);
            for (var age = TimeSpan.Zero; age < MovingWindow.Length * 1.2; age += step)
            {
                if (age <= MovingWindow.Length - MovingWindow.Step)
                {
                    Assert.Equal(100, Value("cache_hit_rate"));
                }
                else if (age > MovingWindow.Length)
                {
                    Assert.Equal(double.NaN, Value("cache_hit_rate"));
                }

                _time.Advance(step);
            }
        }
    }

    // SIGSTOP, or a machine that was suspended: the timer was late by more than the window.
    [Fact]
    public void Growth_over_a_pause_of_the_process_is_what_came_since_it_last_looked()
    {
        var time = new TimeWithoutTimers();
        long total = 0;
        using var window = new MovingWindow(time, () => total);
        total = 7;
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal([7], window.Growth());
    }

    private void Use()
    {
        _meter.CacheHits.Add(1);
        _meter.FailedSubrequests.Add(1);
        _meter.RequestDuration.Record(TimeSpan.FromMilliseconds(1));
        _meter.SubrequestDuration.Record(TimeSpan.FromMilliseconds(1));
        _meter.AssemblyDuration.Record(TimeSpan.FromMilliseconds(1));
    }

    private double Value(string name) =>
        Assert.Single(Assert.Single(_meter.Read(), metric => metric.Instrument.Name == "pingora_slice_" + name).Samples).Value;

    private sealed class TimeWithoutTimers : FakeTimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
