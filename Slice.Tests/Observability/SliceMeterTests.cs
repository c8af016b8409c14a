using System.Diagnostics.Metrics;
using System.Globalization;
using Slice.Core.Observability;

namespace Slice.Tests.Observability;

/// <summary>The names are a contract with dashboards and alerts: written out here once more, on purpose.</summary>
public sealed class SliceMeterTests : IDisposable
{
    private readonly SliceMeter _meter = new(TimeProvider.System);

    public void Dispose() => _meter.Dispose();

    [Theory]
    [InlineData("requests_total", typeof(ObservableCounter<long>))]
    [InlineData("sliced_requests_total", typeof(ObservableCounter<long>))]
    [InlineData("passthrough_requests_total", typeof(ObservableCounter<long>))]
    [InlineData("cache_hits_total", typeof(ObservableCounter<long>))]
    [InlineData("cache_misses_total", typeof(ObservableCounter<long>))]
    [InlineData("cache_errors_total", typeof(ObservableCounter<long>))]
    [InlineData("subrequests_total", typeof(ObservableCounter<long>))]
    [InlineData("completed_subrequests_total", typeof(ObservableCounter<long>))]
    [InlineData("failed_subrequests_total", typeof(ObservableCounter<long>))]
    [InlineData("retried_subrequests_total", typeof(ObservableCounter<long>))]
    [InlineData("bytes_from_origin_total", typeof(ObservableCounter<long>))]
    [InlineData("bytes_from_cache_total", typeof(ObservableCounter<long>))]
    [InlineData("bytes_to_client_total", typeof(ObservableCounter<long>))]
    [InlineData("purge_requests_total", typeof(ObservableCounter<long>))]
    [InlineData("purge_items_total", typeof(ObservableCounter<long>))]
    [InlineData("purge_auth_failures_total", typeof(ObservableCounter<long>))]
    [InlineData("cache_hit_rate", typeof(ObservableGauge<double>))]
    [InlineData("subrequest_failure_rate", typeof(ObservableGauge<double>))]
    [InlineData("request_duration_ms_avg", typeof(ObservableGauge<double>))]
    [InlineData("subrequest_duration_ms_avg", typeof(ObservableGauge<double>))]
    [InlineData("assembly_duration_ms_avg", typeof(ObservableGauge<double>))]
    [InlineData("active_requests", typeof(ObservableGauge<double>))]
    [InlineData("request_duration_seconds", typeof(Histogram<double>))]
    [InlineData("time_to_first_byte_seconds", typeof(Histogram<double>))]
    [InlineData("subrequest_duration_seconds", typeof(Histogram<double>))]
    [InlineData("purge_duration_seconds", typeof(Histogram<double>))]
    [InlineData("connections_total", typeof(ObservableCounter<long>))]
    [InlineData("connections_open", typeof(ObservableGauge<double>))]
    [InlineData("cache_entries", typeof(ObservableGauge<long>))]
    [InlineData("cache_objects", typeof(ObservableGauge<long>))]
    [InlineData("cache_bytes", typeof(ObservableGauge<long>))]
    [InlineData("cache_capacity_bytes", typeof(ObservableGauge<long>))]
    [InlineData("cache_allocated_bytes", typeof(ObservableGauge<long>))]
    [InlineData("cache_writable", typeof(ObservableGauge<long>))]
    [InlineData("cache_persistent", typeof(ObservableGauge<long>))]
    public void Metric_of_the_contract_is_an_instrument_of_its_kind(string name, Type kind)
    {
        var metric = Find(name);
        Assert.IsType(kind, metric.Instrument);
        Assert.Equal(kind == typeof(Histogram<double>), metric.Histogram is not null);
        Assert.EndsWith(".", metric.Instrument.Description, StringComparison.Ordinal);
        Assert.NotEmpty(metric.Instrument.Unit!);
    }

    [Theory]
    [InlineData("errors_total", typeof(ObservableCounter<long>))]
    [InlineData("purge_requests_by_result", typeof(ObservableCounter<long>))]
    [InlineData("origin_healthy", typeof(ObservableGauge<long>))]
    [InlineData("origin_connections", typeof(ObservableGauge<long>))]
    [InlineData("certificate_expiry_timestamp_seconds", typeof(ObservableGauge<long>))]
    [InlineData("build_info", typeof(ObservableGauge<long>))]
    public void Metric_with_a_label_has_no_values_until_there_are_some(string name, Type kind)
    {
        var metric = Find(name);
        Assert.IsType(kind, metric.Instrument);
        Assert.Empty(metric.Samples);
    }

    [Fact]
    public void Names_are_unique() => Assert.Distinct(_meter.Read().Select(metric => metric.Instrument.Name));

    [Fact]
    public void Purge_metrics_can_be_left_out_and_shown_again_and_are_counted_either_way()
    {
        using var meter = new SliceMeter(TimeProvider.System, showsPurge: false);
        meter.PurgeRequests.Add(1);
        Assert.DoesNotContain(meter.Read(), metric => metric.Instrument.Name.Contains("purge", StringComparison.Ordinal));
        Assert.Equal(_meter.Read().Count - 6, meter.Read().Count);

        meter.ShowsPurge = true;
        Assert.Equal(1, Value(meter, "purge_requests_total"));
    }

    // Each cell is fed a number of its own: one wired to another's name shows.
    [Fact]
    public void Metrics_read_the_cells_of_their_names()
    {
        (string Name, StripedCounter Cell)[] wiring =
        [
            ("sliced_requests_total", _meter.SlicedRequests),
            ("passthrough_requests_total", _meter.PassthroughRequests),
            ("cache_hits_total", _meter.CacheHits),
            ("cache_misses_total", _meter.CacheMisses),
            ("cache_errors_total", _meter.CacheErrors),
            ("subrequests_total", _meter.Subrequests),
            ("completed_subrequests_total", _meter.CompletedSubrequests),
            ("failed_subrequests_total", _meter.FailedSubrequests),
            ("retried_subrequests_total", _meter.RetriedSubrequests),
            ("bytes_from_origin_total", _meter.BytesFromOrigin),
            ("bytes_from_cache_total", _meter.BytesFromCache),
            ("bytes_to_client_total", _meter.BytesToClient),
            ("connections_total", _meter.Connections),
            ("connections_open", _meter.OpenConnections),
            ("purge_requests_total", _meter.PurgeRequests),
            ("purge_items_total", _meter.PurgedItems),
            ("purge_auth_failures_total", _meter.PurgeAuthFailures),
            ("purge_tags_cut_total", _meter.CacheTagsCut),
            ("active_requests", _meter.ActiveRequests),
        ];
        for (int index = 0; index < wiring.Length; index++)
        {
            wiring[index].Cell.Add(index + 1);
        }

        Assert.Equal(Enumerable.Range(1, wiring.Length).Select(value => (double)value), wiring.Select(wire => Value(wire.Name)));
    }

    [Fact]
    public void Histograms_record_under_their_names()
    {
        (string Name, DurationInstrument Instrument)[] wiring =
        [
            ("request_duration_seconds", _meter.RequestDuration),
            ("time_to_first_byte_seconds", _meter.TimeToFirstByte),
            ("subrequest_duration_seconds", _meter.SubrequestDuration),
            ("purge_duration_seconds", _meter.PurgeDuration),
        ];
        for (int index = 0; index < wiring.Length; index++)
        {
            wiring[index].Instrument.Record(TimeSpan.FromSeconds(index + 1));
        }

        Assert.Equal(
            Enumerable.Range(1, wiring.Length).Select(seconds => (1L, TimeSpan.FromSeconds(seconds))),
            wiring.Select(wire => (Find(wire.Name).Histogram!.Count, Find(wire.Name).Histogram!.Sum)));
        Assert.All(wiring, wire => Assert.Equal("s", Find(wire.Name).Instrument.Unit));
    }

    [Fact]
    public void Labelled_metrics_read_the_cells_of_their_names()
    {
        _meter.Errors.Add("dns_error");
        _meter.PurgeResults.Add("success");
        _meter.AttachOriginHealth(() => [KeyValuePair.Create("a", 1L), KeyValuePair.Create("b", 0L)]);
        _meter.Sources.OriginConnections = () => [KeyValuePair.Create("passthrough", 3L)];
        _meter.Sources.Certificates = () => [KeyValuePair.Create("CN=a", 1_800_000_000L)];
        _meter.Sources.SetBuild("1.2.3", "abc");
        _meter.RefusedConnections.Add((int)ConnectionRefusal.ProxyProtocol);
        Assert.Equal(["reason=dns_error 1"], Samples("errors_total"));
        Assert.Equal(["result=success 1"], Samples("purge_requests_by_result"));
        Assert.Equal(["address=a 1", "address=b 0"], Samples("origin_healthy"));
        Assert.Equal(["pool=passthrough 3"], Samples("origin_connections"));
        Assert.Equal(["subject=CN=a 1800000000"], Samples("certificate_expiry_timestamp_seconds"));
        Assert.Equal(["version=1.2.3,commit=abc 1"], Samples("build_info"));
        Assert.Equal(["setting=max_connections 0", "setting=proxy_protocol 1"], Samples("connections_refused_total"));
    }

    [Fact]
    public void Metrics_of_the_store_read_the_source_once_there_is_one()
    {
        string[] names =
        [
            "cache_entries", "cache_objects", "cache_bytes", "cache_capacity_bytes", "cache_allocated_bytes",
            "cache_overflow_bytes", "cache_index_bytes", "cache_writable", "cache_persistent", "cache_directory_unusable",
        ];
        Assert.All(names, name => Assert.Empty(Find(name).Samples));

        _meter.Attach(new StoreSource
        {
            Slices = () => 11,
            Objects = () => 12,
            UsedBytes = () => 13,
            CapacityBytes = () => 14,
            AllocatedBytes = () => 15,
            OverflowBytes = () => 16,
            IndexBytes = () => 17,
            IsWritable = () => true,
            IsPersistent = () => false,
            IsDirectoryUnusable = () => true,
        });
        Assert.Equal([11, 12, 13, 14, 15, 16, 17, 1, 0, 1], names.Select(Value));
    }

    // The meter is the truth: whoever listens to it sees everything that /metrics shows, under the same names.
    [Fact]
    public void Every_metric_is_seen_by_another_listener_of_the_meter()
    {
        List<string> published = [];
        double recorded = 0;
        var meter = Find("requests_total").Instrument.Meter;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (ReferenceEquals(instrument.Meter, meter))
            {
                published.Add(instrument.Name);
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
            recorded += instrument.Name == "pingora_slice_request_duration_seconds" ? value : 0);
        listener.Start();
        _meter.RequestDuration.Record(TimeSpan.FromMilliseconds(1500));

        Assert.Equal(_meter.Read().Select(metric => metric.Instrument.Name).Order(), published.Order());
        Assert.Equal(1.5, recorded);
        Assert.Equal(TimeSpan.FromMilliseconds(1500), Find("request_duration_seconds").Histogram!.Sum);
    }

    // Many instances live in one test process, and two in a demonstration.
    [Fact]
    public void Meters_of_one_name_do_not_mix()
    {
        using var other = new SliceMeter(TimeProvider.System);
        other.Subrequests.Add(5);
        other.RequestDuration.Record(TimeSpan.FromSeconds(1));

        Assert.Equal((0, 5), (Value("subrequests_total"), Value(other, "subrequests_total")));
        Assert.Equal(0, Find("request_duration_seconds").Histogram!.Count);
        Assert.Equal(_meter.Read().Count, other.Read().Count);
    }

    [Fact]
    public void Reading_twice_gives_each_value_once()
    {
        _meter.Read();
        Assert.Single(Find("requests_total").Samples);
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        _meter.RequestDuration.Record(TimeSpan.FromMilliseconds(3));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++)
        {
            _meter.RequestDuration.Record(TimeSpan.FromMilliseconds(3));
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private static double Value(SliceMeter meter, string name) => Assert.Single(Find(meter, name).Samples).Value;

    private static MetricReading Find(SliceMeter meter, string name) =>
        Assert.Single(meter.Read(), metric => metric.Instrument.Name == "pingora_slice_" + name);

    private string[] Samples(string name) => [.. Find(name).Samples.Select(sample => string.Create(
        CultureInfo.InvariantCulture, $"{string.Join(',', sample.Labels.Select(label => $"{label.Key}={label.Value}"))} {sample.Value}"))];

    private double Value(string name) => Value(_meter, name);

    private MetricReading Find(string name) => Find(_meter, name);
}
