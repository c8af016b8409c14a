using System.Diagnostics.Metrics;
using static Slice.Core.Observability.MeterInstruments;

namespace Slice.Core.Observability;

/// <summary>
/// Every metric of the proxy: name, unit and meaning are here and nowhere else. Each is an instrument of one <see cref="Meter"/>, and
/// <see cref="Read"/> reads that meter. Hot paths add to the cells here, which the meter observes; figures that other parts know come from
/// the sources they attach. Thread-safe.
/// </summary>
public sealed class SliceMeter : IDisposable
{
    /// <summary>
    /// Name of the <see cref="Meter"/>, for a listener in this process. The binary is built without EventSource, so tools outside of it,
    /// <c>dotnet-counters</c> among them, do not see the meter.
    /// </summary>
    public const string MeterName = "pingora-slice";

    private const string Prefix = "pingora_slice_";
    private const string PurgePrefix = Prefix + "purge_";

    private readonly MeterInstruments _instruments = new(MeterName, Prefix);
    private readonly CounterSheet _sheet = new();
    private volatile bool _showsPurge;

    /// <summary>A meter with all counters at zero.</summary>
    /// <param name="time">The clock of what is over the last minutes.</param>
    /// <param name="showsPurge">See <see cref="ShowsPurge"/>.</param>
    public SliceMeter(TimeProvider time, bool showsPurge = true)
    {
        _showsPurge = showsPurge;
        Responses = new IndexedCounter(_sheet, "none", "1xx", "2xx", "3xx", "4xx", "5xx");
        CacheResults = new IndexedCounter(_sheet, "none", "hit", "partial", "miss", "stale", "bypass");
        SlicedRequests = _sheet.NewCounter();
        PassthroughRequests = _sheet.NewCounter();
        CacheHits = _sheet.NewCounter();
        CacheMisses = _sheet.NewCounter();
        CacheErrors = _sheet.NewCounter();
        CacheDiskWaits = _sheet.NewCounter();
        CacheDiskReadsAhead = _sheet.NewCounter();
        Subrequests = _sheet.NewCounter();
        CompletedSubrequests = _sheet.NewCounter();
        FailedSubrequests = _sheet.NewCounter();
        RetriedSubrequests = _sheet.NewCounter();
        HedgedSubrequests = _sheet.NewCounter();
        PrefetchedSlices = _sheet.NewCounter();
        BytesFromOrigin = _sheet.NewCounter();
        BytesFromCache = _sheet.NewCounter();
        BytesToClient = _sheet.NewCounter();
        ActiveRequests = _sheet.NewCounter();
        CutRequests = _sheet.NewCounter();
        Connections = _sheet.NewCounter();
        OpenConnections = _sheet.NewCounter();
        RefusedConnections = new IndexedCounter(_sheet, "max_connections", "proxy_protocol");
        AccessLogDropped = _sheet.NewCounter();
        PurgeRequests = _sheet.NewCounter();
        PurgedItems = _sheet.NewCounter();
        PurgeAuthFailures = _sheet.NewCounter();
        CacheTagsCut = _sheet.NewCounter();
        AssemblyDuration = new DurationHistogram(_sheet);

        CountDeliveries();
        CountFetches();
        CountConnections();
        ShowRates();
        ShowMeans();
        RequestDuration = Time("request_duration_seconds", "Time from request head to last byte.");
        TimeToFirstByte = Time("time_to_first_byte_seconds", "Time from request head to the response head.");
        SubrequestDuration = Time("subrequest_duration_seconds", "Time of a subrequest from sending to its last byte.");
        CountPurges();
        PurgeDuration = Time("purge_duration_seconds", "Time of a PURGE.");
        Sources.ShowIn(_instruments);
        Window = new TrafficWindow(this, time);
    }

    /// <summary>Takes what is counted of one event together; see <see cref="CounterSheet.Open"/>.</summary>
    public CounterSheet.Entry Open() => _sheet.Open();

    /// <summary>Requests from clients that have been answered, or given up.</summary>
    public long Requests => Responses.Total;

    /// <summary>Answers by class of their status; index 0 counts exchanges without one, index n those of status n00 to n99.</summary>
    public IndexedCounter Responses { get; }

    /// <summary>Exchanges by what the cache did, in the order of <c>CacheResult</c>.</summary>
    public IndexedCounter CacheResults { get; }

    /// <summary>Requests answered in slices.</summary>
    public StripedCounter SlicedRequests { get; }

    /// <summary>Requests not answered in slices: passed through, or answered with a whole response, stored or not.</summary>
    public StripedCounter PassthroughRequests { get; }

    /// <summary>Slices delivered from the store.</summary>
    public StripedCounter CacheHits { get; }

    /// <summary>Slices that were not in the store when a client wanted them, also those that the origin did not give.</summary>
    public StripedCounter CacheMisses { get; }

    /// <summary>Slices the store could not take or read.</summary>
    public StripedCounter CacheErrors { get; }

    /// <summary>Waits of clients for the disk.</summary>
    public StripedCounter CacheDiskWaits { get; }

    /// <summary>Pieces that were read before a client came to them.</summary>
    public StripedCounter CacheDiskReadsAhead { get; }

    /// <summary>Requests of ours sent to the origin: for slices, for objects not known yet, and to validate.</summary>
    public StripedCounter Subrequests { get; }

    /// <summary>Subrequests that have finished well: with a body that came, or with an answer that is no error of the origin's.</summary>
    public StripedCounter CompletedSubrequests { get; }

    /// <summary>Subrequests that failed for good, or were answered 429, 500, 502, 503 or 504 in the end.</summary>
    public StripedCounter FailedSubrequests { get; }

    /// <summary>Subrequests that were repeated.</summary>
    public StripedCounter RetriedSubrequests { get; }

    /// <summary>Sends of a subrequest beyond the first, because the first was late.</summary>
    public StripedCounter HedgedSubrequests { get; }

    /// <summary>Slices that were fetched ahead of a client that reads range by range.</summary>
    public StripedCounter PrefetchedSlices { get; }

    /// <summary>Answers of the origin to subrequests with an error status that may pass, by status: 429 and 500 to 599.</summary>
    public LabelledCounter OriginErrors { get; } = new();

    /// <summary>
    /// What is not asked for by range for a while, as the origin's answers to ranges are of no use: <c>object</c>, <c>directory</c>.
    /// </summary>
    public LabelledCounter SlicingSuspended { get; } = new();

    /// <summary>Body bytes from the origin.</summary>
    public StripedCounter BytesFromOrigin { get; }

    /// <summary>Body bytes delivered from the store.</summary>
    public StripedCounter BytesFromCache { get; }

    /// <summary>Body bytes delivered to clients.</summary>
    public StripedCounter BytesToClient { get; }

    /// <summary>Requests being answered now.</summary>
    public StripedCounter ActiveRequests { get; }

    /// <summary>Requests that were cut off because the instance stopped.</summary>
    public StripedCounter CutRequests { get; }

    /// <summary>Connections of clients that were taken.</summary>
    public StripedCounter Connections { get; }

    /// <summary>Those that are open.</summary>
    public StripedCounter OpenConnections { get; }

    /// <summary>Connections of clients that were closed without a word, in the order of <see cref="ConnectionRefusal"/>.</summary>
    public IndexedCounter RefusedConnections { get; }

    /// <summary>Errors by reason.</summary>
    public LabelledCounter Errors { get; } = new();

    /// <summary>What clients were refused because they had their share, by the limit: <c>connections</c>, <c>requests</c>.</summary>
    public LabelledCounter ClientLimits { get; } = new();

    /// <summary>From request head to last byte.</summary>
    public DurationInstrument RequestDuration { get; }

    /// <summary>From request head to response head.</summary>
    public DurationInstrument TimeToFirstByte { get; }

    /// <summary>From sending a subrequest to its last byte.</summary>
    public DurationInstrument SubrequestDuration { get; }

    /// <summary>From the first slice of a response to its last.</summary>
    public DurationHistogram AssemblyDuration { get; }

    /// <summary>Lines of the access log that were lost.</summary>
    public StripedCounter AccessLogDropped { get; }

    /// <summary>PURGE requests.</summary>
    public StripedCounter PurgeRequests { get; }

    /// <summary>PURGE requests by result.</summary>
    public LabelledCounter PurgeResults { get; } = new();

    /// <summary>Slices removed, or made stale, by PURGE.</summary>
    public StripedCounter PurgedItems { get; }

    /// <summary>PURGE requests without the right to.</summary>
    public StripedCounter PurgeAuthFailures { get; }

    /// <summary>Objects that came with more tags than are kept.</summary>
    public StripedCounter CacheTagsCut { get; }

    /// <summary>Time of a PURGE.</summary>
    public DurationInstrument PurgeDuration { get; }

    /// <summary>What was counted within the last five minutes.</summary>
    public TrafficWindow Window { get; }

    /// <summary>Whether <see cref="Read"/> lists purge metrics (<c>purge.enable_metrics</c>). They are counted either way.</summary>
    public bool ShowsPurge
    {
        get => _showsPurge;
        set => _showsPurge = value;
    }

    /// <summary>The figures of the store; null until they are attached.</summary>
    public StoreSource? Store => Sources.Store;

    /// <summary>Where figures come from that other parts know.</summary>
    public MeterSources Sources { get; } = new();

    /// <summary>Gives the figures of the store, which are missing until then.</summary>
    public void Attach(StoreSource store) => Sources.Store = store;

    /// <summary>Gives 1 or 0 for each address of the origin; there are none until then.</summary>
    public void AttachOriginHealth(Func<IEnumerable<KeyValuePair<string, long>>> readHealth) => Sources.OriginHealth = readHealth;

    /// <summary>Every metric with its values now, in the order of the exposition.</summary>
    public IReadOnlyList<MetricReading> Read() => ShowsPurge
        ? _instruments.Read()
        : [.. _instruments.Read().Where(reading => !reading.Instrument.Name.StartsWith(PurgePrefix, StringComparison.Ordinal))];

    /// <inheritdoc/>
    public void Dispose()
    {
        Window.Dispose();
        _instruments.Dispose();
    }

    private void CountDeliveries()
    {
        Count("requests_total", OfRequests, "Requests from clients.", () => Requests);
        Count("responses_total", OfRequests, "Answers by class of their status; none when no head was sent.", "class", Responses.Read);
        Count("cache_results_total", OfRequests, "Exchanges by what the cache did, as X-Cache says.", "result", CacheResults.Read);
        Count("sliced_requests_total", OfRequests, "Requests answered in slices.", SlicedRequests);
        Count(
            "passthrough_requests_total",
            OfRequests,
            "Requests not answered in slices: passed through, or answered whole, from the store or by the origin.",
            PassthroughRequests);
        Count("cache_hits_total", OfSlices, "Slices delivered from the store.", CacheHits);
        Count(
            "cache_misses_total",
            OfSlices,
            "Slices that were not in the store when a client wanted them, also those that the origin did not give.",
            CacheMisses);
        Count("cache_errors_total", OfSlices, "Slices that the store could not take or read.", CacheErrors);
        Count(
            "cache_disk_waits_total",
            "{wait}",
            "Times that a client waited because bytes of the store were not in memory, or not compared with their checksum yet.",
            CacheDiskWaits);
        Count(
            "cache_disk_reads_ahead_total",
            "{piece}",
            "Pieces of the store that were brought into memory, or compared, before a client came to them.",
            CacheDiskReadsAhead);
    }

    private void CountFetches()
    {
        Count(
            "subrequests_total",
            OfRequests,
            "Requests sent to the origin for slices, for objects not known yet, and to validate; repeats count too.",
            Subrequests);
        Count(
            "completed_subrequests_total",
            OfRequests,
            "Subrequests that have finished well, each once, whatever repeats there were.",
            CompletedSubrequests);
        Count(
            "failed_subrequests_total",
            OfRequests,
            "Subrequests that failed for good, after their retries, or were answered 429, 500, 502, 503 or 504 in the end.",
            FailedSubrequests);
        Count("retried_subrequests_total", OfRequests, "Subrequests that were repeated.", RetriedSubrequests);
        Count(
            "hedged_subrequests_total",
            OfRequests,
            "Sends of a subrequest beyond the first, because the first was late and not failed.",
            HedgedSubrequests);
        Count("prefetched_slices_total", OfSlices, "Slices fetched ahead of a client that reads range by range.", PrefetchedSlices);
        Count(
            "origin_errors_total",
            "{response}",
            "Answers to subrequests with status 429 or 5xx, by status; repeats count too.",
            "status",
            OriginErrors.Read);
        Count(
            "slicing_suspended_total",
            "{path}",
            "Objects and directories that are not asked for by range for a while, as the origin's answers to ranges are of no use.",
            "scope",
            SlicingSuspended.Read);
        Count("bytes_from_origin_total", Bytes, "Body bytes received from the origin.", BytesFromOrigin);
        Count("bytes_from_cache_total", Bytes, "Body bytes delivered from the store.", BytesFromCache);
        Count("bytes_to_client_total", Bytes, "Body bytes delivered to clients.", BytesToClient);
        Count(
            "client_limits_total",
            OfRequests,
            "Requests and connections refused because the client had its share (limits.per_client).",
            "limit",
            ClientLimits.Read);
        Count("cut_requests_total", OfRequests, "Requests cut off because timeouts.shutdown was over.", CutRequests);
        Count(
            "access_log_dropped_total",
            "{line}",
            "Lines of the access log that were lost, because they came faster than they could be written.",
            AccessLogDropped);
        Count("errors_total", "{error}", "Errors by reason.", "reason", Errors.Read);
    }

    private void CountConnections()
    {
        Count("connections_total", OfConnections, "Connections of clients that were taken.", Connections);
        Count(
            "connections_refused_total",
            OfConnections,
            "Connections of clients that were closed before anything was asked, by the setting that forbids them.",
            "setting",
            RefusedConnections.Read);
        Show("connections_open", OfConnections, "Connections of clients that are open.", () => OpenConnections.Value);
    }

    private void ShowRates()
    {
        Show(
            "cache_hit_rate",
            Percent,
            "Slices that came from the store, of those that clients wanted within the last five minutes, in percent; NaN for none.",
            () => Window.HitRatePercent);
        Show(
            "subrequest_failure_rate",
            Percent,
            "Subrequests that failed for good, of those that finished within the last five minutes, in percent; NaN for none.",
            () => Window.FailureRatePercent);
        Show("active_requests", OfRequests, "Requests being answered.", () => ActiveRequests.Value);
    }

    private void ShowMeans()
    {
        Show(
            "request_duration_ms_avg",
            Milliseconds,
            "Mean time from request head to last byte, in milliseconds, over the last five minutes; NaN without any.",
            () => Window.RequestMs);
        Show(
            "subrequest_duration_ms_avg",
            Milliseconds,
            "Mean time of a subrequest, in milliseconds, over the last five minutes; NaN without any.",
            () => Window.SubrequestMs);
        Show(
            "assembly_duration_ms_avg",
            Milliseconds,
            "Mean time from first to last byte of a response of slices, in milliseconds, over the last five minutes; NaN without any.",
            () => Window.AssemblyMs);
    }

    // Their names begin with PurgePrefix, by which they are left out.
    private void CountPurges()
    {
        Count("purge_requests_total", OfRequests, "PURGE requests.", PurgeRequests);
        Count("purge_requests_by_result", OfRequests, "PURGE requests by result.", "result", PurgeResults.Read);
        Count("purge_items_total", OfSlices, "Slices removed, or made stale, by PURGE.", PurgedItems);
        Count("purge_auth_failures_total", OfRequests, "PURGE requests without the right to.", PurgeAuthFailures);
        Count("purge_tags_cut_total", OfObjects, "Objects that came with more tags than are kept.", CacheTagsCut);
    }

    private void Count(string name, string unit, string help, StripedCounter counter) => _instruments.Count(name, unit, help, counter);

    private void Count(string name, string unit, string help, Func<long> read) => _instruments.Count(name, unit, help, read);

    private void Count(string name, string unit, string help, string label, Func<IEnumerable<KeyValuePair<string, long>>> read) =>
        _instruments.Count(name, unit, help, label, read);

    private void Show(string name, string unit, string help, Func<double> value) => _instruments.Show(name, unit, help, value);

    private DurationInstrument Time(string name, string help) => _instruments.Time(name, help, _sheet);
}
