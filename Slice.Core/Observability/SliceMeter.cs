using System.Diagnostics.Metrics;

namespace Slice.Core.Observability;

/// <summary>
/// Every metric of the proxy: name, unit and meaning in one place. Hot paths add to the cells here; the list of
/// <see cref="Instruments"/> and the <see cref="Meter"/> of the same names read them. Thread-safe.
/// </summary>
public sealed class SliceMeter : IDisposable
{
    /// <summary>Name of the <see cref="System.Diagnostics.Metrics.Meter"/>, for <c>dotnet-counters</c> and OpenTelemetry.</summary>
    public const string MeterName = "pingora-slice";

    private const string Prefix = "pingora_slice_";

    private readonly Meter _meter = new(MeterName);
    private readonly List<Instrument> _instruments = [];

    /// <summary>A meter with all counters at zero.</summary>
    /// <param name="publishPurge">Whether purge metrics are listed (<c>purge.enable_metrics</c>).</param>
    public SliceMeter(bool publishPurge = true)
    {
        AddCounter("requests_total", "Requests from clients.", Requests);
        AddCounter("sliced_requests_total", "Requests answered in slices.", SlicedRequests);
        AddCounter("passthrough_requests_total", "Requests passed through to the origin unchanged.", PassthroughRequests);
        AddCounter("cache_hits_total", "Slices delivered from the store.", CacheHits);
        AddCounter("cache_misses_total", "Slices delivered that were not in the store.", CacheMisses);
        AddCounter("cache_errors_total", "Slices that the store could not take or read.", CacheErrors);
        AddCounter("cache_disk_waits_total", "Times that a client waited because bytes of the store were not in memory, or not compared with their checksum yet.", CacheDiskWaits);
        AddCounter("cache_disk_reads_ahead_total", "Pieces of the store that were brought into memory, or compared, before a client came to them.", CacheDiskReadsAhead);
        AddCounter("subrequests_total", "Range requests sent to the origin.", Subrequests);
        AddCounter("failed_subrequests_total", "Subrequests that failed for good, after their retries.", FailedSubrequests);
        AddCounter("retried_subrequests_total", "Subrequests that were repeated.", RetriedSubrequests);
        AddCounter("bytes_from_origin_total", "Body bytes received from the origin.", BytesFromOrigin);
        AddCounter("bytes_from_cache_total", "Body bytes delivered from the store.", BytesFromCache);
        AddCounter("bytes_to_client_total", "Body bytes delivered to clients.", BytesToClient);
        Add(new Instrument(Prefix + "errors_total", InstrumentKind.Counter, "Errors by reason.")
        {
            LabelName = "reason",
            LabelledValues = Errors.Read,
        });
        AddGauge("cache_hit_rate", "Share of slices delivered from the store, in percent.", () => Percent(CacheHits.Value, CacheMisses.Value));
        AddGauge(
            "subrequest_failure_rate",
            "Share of subrequests that failed for good, in percent.",
            () => Percent(FailedSubrequests.Value, Math.Max(0, Subrequests.Value - FailedSubrequests.Value)));
        AddGauge("active_requests", "Requests being answered.", () => ActiveRequests.Value);
        AddMean("request_duration", "Mean time from request head to last byte.", RequestDuration);
        AddMean("subrequest_duration", "Mean time of a subrequest.", SubrequestDuration);
        AddMean("assembly_duration", "Mean time of putting a response together from slices.", AssemblyDuration);
        AddHistogram("request_duration_seconds", "Time from request head to last byte.", RequestDuration);
        AddHistogram("time_to_first_byte_seconds", "Time from request head to the response head.", TimeToFirstByte);
        AddHistogram("subrequest_duration_seconds", "Time of a subrequest from sending to its last byte.", SubrequestDuration);
        if (publishPurge)
        {
            AddPurge();
        }
    }

    /// <summary>Requests from clients.</summary>
    public StripedCounter Requests { get; } = new();

    /// <summary>Requests answered in slices.</summary>
    public StripedCounter SlicedRequests { get; } = new();

    /// <summary>Requests passed through.</summary>
    public StripedCounter PassthroughRequests { get; } = new();

    /// <summary>Slices delivered from the store.</summary>
    public StripedCounter CacheHits { get; } = new();

    /// <summary>Slices delivered that were not in the store.</summary>
    public StripedCounter CacheMisses { get; } = new();

    /// <summary>Slices the store could not take or read.</summary>
    public StripedCounter CacheErrors { get; } = new();

    /// <summary>Waits of clients for the disk.</summary>
    public StripedCounter CacheDiskWaits { get; } = new();

    /// <summary>Pieces that were read before a client came to them.</summary>
    public StripedCounter CacheDiskReadsAhead { get; } = new();

    /// <summary>Range requests sent to the origin.</summary>
    public StripedCounter Subrequests { get; } = new();

    /// <summary>Subrequests that failed for good.</summary>
    public StripedCounter FailedSubrequests { get; } = new();

    /// <summary>Subrequests that were repeated.</summary>
    public StripedCounter RetriedSubrequests { get; } = new();

    /// <summary>Body bytes from the origin.</summary>
    public StripedCounter BytesFromOrigin { get; } = new();

    /// <summary>Body bytes delivered from the store.</summary>
    public StripedCounter BytesFromCache { get; } = new();

    /// <summary>Body bytes delivered to clients.</summary>
    public StripedCounter BytesToClient { get; } = new();

    /// <summary>Requests being answered now.</summary>
    public StripedCounter ActiveRequests { get; } = new();

    /// <summary>Errors by reason.</summary>
    public LabelledCounter Errors { get; } = new();

    /// <summary>From request head to last byte.</summary>
    public DurationHistogram RequestDuration { get; } = new();

    /// <summary>From request head to response head.</summary>
    public DurationHistogram TimeToFirstByte { get; } = new();

    /// <summary>From sending a subrequest to its last byte.</summary>
    public DurationHistogram SubrequestDuration { get; } = new();

    /// <summary>From the first slice of a response to its last.</summary>
    public DurationHistogram AssemblyDuration { get; } = new();

    /// <summary>PURGE requests.</summary>
    public StripedCounter PurgeRequests { get; } = new();

    /// <summary>PURGE requests by result.</summary>
    public LabelledCounter PurgeResults { get; } = new();

    /// <summary>Slices removed by PURGE.</summary>
    public StripedCounter PurgedItems { get; } = new();

    /// <summary>PURGE requests without the right to.</summary>
    public StripedCounter PurgeAuthFailures { get; } = new();

    /// <summary>Time of a PURGE.</summary>
    public DurationHistogram PurgeDuration { get; } = new();

    /// <summary>Everything that is published, in order.</summary>
    public IReadOnlyList<Instrument> Instruments => _instruments;

    /// <summary>Publishes a gauge whose value another part knows: entries, bytes, capacity.</summary>
    public void AddGauge(string name, string help, Func<double> value)
    {
        Add(new Instrument(Prefix + name, InstrumentKind.Gauge, help) { Value = value });
        _meter.CreateObservableGauge(Prefix + name, value, unit: null, help);
    }

    /// <summary>Publishes a gauge with one label, whose values another part knows.</summary>
    public void AddGauge(string name, string help, string labelName, Func<IEnumerable<KeyValuePair<string, long>>> values)
    {
        Add(new Instrument(Prefix + name, InstrumentKind.Gauge, help) { LabelName = labelName, LabelledValues = values });
        _meter.CreateObservableGauge(
            Prefix + name, () => values().Select(pair => new Measurement<long>(pair.Value, KeyValuePair.Create(labelName, (object?)pair.Key))), unit: null, help);
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static double Percent(long part, long rest) => part + rest == 0 ? 0 : 100.0 * part / (part + rest);

    private void AddPurge()
    {
        AddCounter("purge_requests_total", "PURGE requests.", PurgeRequests);
        Add(new Instrument(Prefix + "purge_requests_by_result", InstrumentKind.Counter, "PURGE requests by result.")
        {
            LabelName = "result",
            LabelledValues = PurgeResults.Read,
        });
        AddCounter("purge_items_total", "Slices removed by PURGE.", PurgedItems);
        AddCounter("purge_auth_failures_total", "PURGE requests without the right to.", PurgeAuthFailures);
        AddHistogram("purge_duration_seconds", "Time of a PURGE.", PurgeDuration);
    }

    private void AddCounter(string name, string help, StripedCounter counter)
    {
        Add(new Instrument(Prefix + name, InstrumentKind.Counter, help) { Value = () => counter.Value });
        _meter.CreateObservableCounter(Prefix + name, () => counter.Value, unit: null, help);
    }

    private void AddMean(string name, string help, DurationHistogram histogram) =>
        AddGauge(name + "_ms_avg", help + " In milliseconds, since start.", () => histogram.MeanMs);

    private void AddHistogram(string name, string help, DurationHistogram histogram) =>
        Add(new Instrument(Prefix + name, InstrumentKind.Histogram, help) { Histogram = histogram });

    private void Add(Instrument instrument) => _instruments.Add(instrument);
}
