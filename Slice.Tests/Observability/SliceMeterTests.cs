using System.Diagnostics.Metrics;
using Slice.Core.Observability;
using Instrument = Slice.Core.Observability.Instrument;

namespace Slice.Tests.Observability;

/// <summary>The names are a contract with dashboards and alerts: written out here once more, on purpose.</summary>
public sealed class SliceMeterTests : IDisposable
{
    private readonly SliceMeter _meter = new();

    public void Dispose() => _meter.Dispose();

    [Theory]
    [InlineData("requests_total", InstrumentKind.Counter)]
    [InlineData("sliced_requests_total", InstrumentKind.Counter)]
    [InlineData("passthrough_requests_total", InstrumentKind.Counter)]
    [InlineData("cache_hits_total", InstrumentKind.Counter)]
    [InlineData("cache_misses_total", InstrumentKind.Counter)]
    [InlineData("cache_errors_total", InstrumentKind.Counter)]
    [InlineData("subrequests_total", InstrumentKind.Counter)]
    [InlineData("failed_subrequests_total", InstrumentKind.Counter)]
    [InlineData("retried_subrequests_total", InstrumentKind.Counter)]
    [InlineData("bytes_from_origin_total", InstrumentKind.Counter)]
    [InlineData("bytes_from_cache_total", InstrumentKind.Counter)]
    [InlineData("bytes_to_client_total", InstrumentKind.Counter)]
    [InlineData("purge_requests_total", InstrumentKind.Counter)]
    [InlineData("purge_items_total", InstrumentKind.Counter)]
    [InlineData("purge_auth_failures_total", InstrumentKind.Counter)]
    [InlineData("cache_hit_rate", InstrumentKind.Gauge)]
    [InlineData("subrequest_failure_rate", InstrumentKind.Gauge)]
    [InlineData("request_duration_ms_avg", InstrumentKind.Gauge)]
    [InlineData("subrequest_duration_ms_avg", InstrumentKind.Gauge)]
    [InlineData("assembly_duration_ms_avg", InstrumentKind.Gauge)]
    [InlineData("active_requests", InstrumentKind.Gauge)]
    [InlineData("request_duration_seconds", InstrumentKind.Histogram)]
    [InlineData("time_to_first_byte_seconds", InstrumentKind.Histogram)]
    [InlineData("subrequest_duration_seconds", InstrumentKind.Histogram)]
    [InlineData("purge_duration_seconds", InstrumentKind.Histogram)]
    public void Instrument_of_the_contract_is_published_under_its_kind(string name, InstrumentKind kind)
    {
        var instrument = Find(name);
        Assert.Equal(kind, instrument.Kind);
        Assert.Equal(kind == InstrumentKind.Histogram, instrument.Histogram is not null);
        Assert.Equal(kind != InstrumentKind.Histogram, instrument.Value is not null);
        Assert.EndsWith(".", instrument.Help, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("errors_total", "reason")]
    [InlineData("purge_requests_by_result", "result")]
    public void Counter_with_a_label_is_published_with_it(string name, string label)
    {
        var instrument = Find(name);
        Assert.Equal(InstrumentKind.Counter, instrument.Kind);
        Assert.Equal(label, instrument.LabelName);
        Assert.Null(instrument.Value);
        Assert.Empty(instrument.LabelledValues!());
    }

    [Fact]
    public void Names_are_unique() => Assert.Distinct(_meter.Instruments.Select(instrument => instrument.Name));

    [Fact]
    public void Purge_metrics_can_be_left_out()
    {
        using var meter = new SliceMeter(publishPurge: false);
        Assert.DoesNotContain(meter.Instruments, instrument => instrument.Name.Contains("purge", StringComparison.Ordinal));
        Assert.Equal(_meter.Instruments.Count - 5, meter.Instruments.Count);
    }

    // Each cell is fed a number of its own: one wired to another's name shows.
    [Fact]
    public void Instruments_read_the_cells_of_their_names()
    {
        (string Name, StripedCounter Cell)[] wiring =
        [
            ("requests_total", _meter.Requests),
            ("sliced_requests_total", _meter.SlicedRequests),
            ("passthrough_requests_total", _meter.PassthroughRequests),
            ("cache_hits_total", _meter.CacheHits),
            ("cache_misses_total", _meter.CacheMisses),
            ("cache_errors_total", _meter.CacheErrors),
            ("subrequests_total", _meter.Subrequests),
            ("failed_subrequests_total", _meter.FailedSubrequests),
            ("retried_subrequests_total", _meter.RetriedSubrequests),
            ("bytes_from_origin_total", _meter.BytesFromOrigin),
            ("bytes_from_cache_total", _meter.BytesFromCache),
            ("bytes_to_client_total", _meter.BytesToClient),
            ("purge_requests_total", _meter.PurgeRequests),
            ("purge_items_total", _meter.PurgedItems),
            ("purge_auth_failures_total", _meter.PurgeAuthFailures),
            ("active_requests", _meter.ActiveRequests),
        ];
        for (int index = 0; index < wiring.Length; index++)
        {
            wiring[index].Cell.Add(index + 1);
        }

        Assert.Equal(Enumerable.Range(1, wiring.Length).Select(value => (double)value), wiring.Select(wire => Find(wire.Name).Value!()));
        Assert.Same(_meter.RequestDuration, Find("request_duration_seconds").Histogram);
        Assert.Same(_meter.TimeToFirstByte, Find("time_to_first_byte_seconds").Histogram);
        Assert.Same(_meter.SubrequestDuration, Find("subrequest_duration_seconds").Histogram);
        Assert.Same(_meter.PurgeDuration, Find("purge_duration_seconds").Histogram);
    }

    [Fact]
    public void Labelled_instruments_read_the_cells_of_their_names()
    {
        _meter.Errors.Add("dns_error");
        _meter.PurgeResults.Add("success");
        Assert.Equal([new("dns_error", 1)], Find("errors_total").LabelledValues!());
        Assert.Equal([new("success", 1)], Find("purge_requests_by_result").LabelledValues!());
    }

    [Fact]
    public void Means_are_in_milliseconds()
    {
        _meter.RequestDuration.Record(TimeSpan.FromSeconds(1));
        _meter.SubrequestDuration.Record(TimeSpan.FromSeconds(2));
        _meter.AssemblyDuration.Record(TimeSpan.FromSeconds(3));
        Assert.Equal(1000, Find("request_duration_ms_avg").Value!());
        Assert.Equal(2000, Find("subrequest_duration_ms_avg").Value!());
        Assert.Equal(3000, Find("assembly_duration_ms_avg").Value!());
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 5, 0)]
    [InlineData(1, 3, 25)]
    [InlineData(5, 0, 100)]
    public void Hit_rate_is_in_percent(int hits, int misses, double percent)
    {
        _meter.CacheHits.Add(hits);
        _meter.CacheMisses.Add(misses);
        Assert.Equal(percent, Find("cache_hit_rate").Value!());
    }

    // A fetch can fail before anything is sent: the rate stays within its bounds all the same.
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(4, 0, 0)]
    [InlineData(4, 1, 25)]
    [InlineData(4, 4, 100)]
    [InlineData(0, 3, 100)]
    public void Failure_rate_is_in_percent_and_never_above_a_hundred(int subrequests, int failed, double percent)
    {
        _meter.Subrequests.Add(subrequests);
        _meter.FailedSubrequests.Add(failed);
        Assert.Equal(percent, Find("subrequest_failure_rate").Value!());
    }

    [Fact]
    public void Gauge_of_another_part_is_published_under_the_prefix()
    {
        _meter.AddGauge("cache_bytes", "Bytes.", () => 42);
        Assert.Equal(42, Find("cache_bytes").Value!());
        Assert.Equal(InstrumentKind.Gauge, Find("cache_bytes").Kind);
    }

    [Fact]
    public void Labelled_gauge_of_another_part_is_published_and_seen_by_listeners()
    {
        _meter.AddGauge("labelled_gauge", "Gauge.", "address", () => [KeyValuePair.Create("a", 1L), KeyValuePair.Create("b", 0L)]);
        List<(object? Label, long Value)> seen = [];
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "pingora_slice_labelled_gauge")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, _) => seen.Add((tags[0].Value, value)));
        listener.Start();
        listener.RecordObservableInstruments();

        Assert.Equal([new("a", 1), new("b", 0)], Find("labelled_gauge").LabelledValues!());
        Assert.Equal(("address", InstrumentKind.Gauge), (Find("labelled_gauge").LabelName, Find("labelled_gauge").Kind));
        Assert.Equal([("a", 1L), ("b", 0L)], seen);
    }

    [Fact]
    public void Counters_and_gauges_are_seen_by_listeners_of_the_meter()
    {
        var seen = new Dictionary<string, double>();
        _meter.Requests.Add(3);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == SliceMeter.MeterName)
            {
                self.EnableMeasurementEvents(instrument);
            }
        };

        // Other tests have meters of this name too; the largest value is ours.
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, _, _) => seen[instrument.Name] = Math.Max(value, seen.GetValueOrDefault(instrument.Name)));
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => seen[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();

        var unlabelled = _meter.Instruments.Where(instrument => instrument.Value is not null).Select(instrument => instrument.Name);
        Assert.Subset(seen.Keys.ToHashSet(), unlabelled.ToHashSet());
        Assert.True(seen["pingora_slice_requests_total"] >= 3);
    }

    private Instrument Find(string name) => Assert.Single(_meter.Instruments, instrument => instrument.Name == "pingora_slice_" + name);
}
