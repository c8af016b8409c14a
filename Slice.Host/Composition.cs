using Microsoft.Extensions.Logging;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Core.SharedCache;
using Slice.Core.Storage;
using Slice.Host.Logging;
using Slice.Host.Machine;
using Slice.Host.Service;
using Slice.Host.Status;
using Slice.Net.AccessLog;
using Slice.Net.Certificates;
using Slice.Net.Connections;
using Slice.Net.Delivery;
using Slice.Net.Exchange;
using Slice.Net.Handlers;
using Slice.Net.Origin;

namespace Slice.Host;

/// <summary>
/// One instance, wired by hand from top to bottom: store, origin, fetching, handlers, endpoints. Disposing it ends fetches first
/// and the store last.
/// </summary>
internal sealed class Composition : IAsyncDisposable
{
    // Connections to the metrics port: scrapers, probes and a few people. Arbitrary; the reserve of descriptors has room for them.
    private const int MaxAdminConnections = 64;

    private readonly CancellationTokenSource _stopping = new();
    private readonly SliceStore _store;
    private readonly OriginPool _pool;
    private readonly WirePool _wires;
    private readonly TimeProvider _time;
    private readonly RedirectPools _redirects;
    private readonly OriginGate _gate;
    private readonly OriginGate _passThroughGate;
    private readonly SliceFetcher _fetcher;
    private readonly DeadlineSweeper _sweeper;
    private readonly ThreadTurns _turns = new();
    private readonly PageResidency _residency;
    private readonly AccessLogWriter _accessLog;
    private readonly RequestLog _log;
    private readonly PurgeLog _purgeLog;
    private readonly PurgeSweeper _purgeSweeper;
    private readonly SliceMeter _meter;
    private readonly ProcessMeter _process;
    private readonly TrafficHistory _traffic;
    private readonly StatusPage _page;
    private readonly SharedTier? _tier;
    private readonly SharedCacheFigures? _tierFigures;

    // The metrics endpoint counts no requests of its own: its figures are the proxy's.
    private readonly SliceMeter _ownMeter;

    /// <summary>Builds an instance under a valid configuration; it does not listen yet.</summary>
    /// <param name="options">The configuration.</param>
    /// <param name="loggers">Makes its logs.</param>
    /// <param name="time">The clock of everything in it.</param>
    /// <param name="observe">Puts somebody else who is told of every exchange before the metrics; null for nobody.</param>
    /// <param name="lastMinutes">The clock of what metrics show of the last minutes; null for the same.</param>
    /// <param name="sharedStore">The store of the shared tier; null to open the one of the configuration.</param>
    /// <exception cref="IOException">The store cannot be created; the message says why.</exception>
    public Composition(
        SliceOptions options, ILoggerFactory loggers, TimeProvider time, Func<IExchangeObserver, IExchangeObserver>? observe = null,
        TimeProvider? lastMinutes = null, IKeyValueStore? sharedStore = null)
    {
        _time = time;
        var errors = new RecentErrors(time);
        loggers.AddProvider(errors);
        var meter = _meter = new SliceMeter(lastMinutes ?? time, options.Purge.EnableMetrics);
        _ownMeter = new SliceMeter(time);
        var state = new InstanceState();
        var log = _log = new RequestLog(loggers.CreateLogger<RequestLog>(), meter, time);
        var story = new RequestStory(loggers.CreateLogger<RequestStory>());
        _residency = new PageResidency { WorkFailed = log.PageWorkFailed, SliceDamaged = log.SliceDamaged };

        // Store and index.
        var purgeLog = _purgeLog = new PurgeLog(loggers.CreateLogger<PurgeLog>(), meter, time);
        var index = Index = new ObjectIndex(options.ResolveIndexMemory());
        _purgeSweeper = new PurgeSweeper(index) { Faulted = purgeLog.SweepFailed };
        var stores = new StoreFactory(loggers.CreateLogger<StoreFactory>());
        _store = stores.Open(options, index, time, meter);

        // Origin and settings.
        var connector = new OriginConnector(options, time);
        _pool = new OriginPool(options, connector);
        _wires = new WirePool(
            connector,
            new ResponseHeadLimits(options.Limits.ResponseHeadBytes),
            options.Timeouts.UpstreamIdle,
            options.Timeouts.UpstreamConnectionLifetime,
            time);
        _redirects = new RedirectPools(options, time);
        var originTimes = new OriginTimes(time);
        var origin = new OriginClient(_pool, _wires, options, time)
        {
            HealthChanged = log.OriginHealthChanged,
            Tried = attempt =>
            {
                story.OriginTried(attempt);
                originTimes.Add(attempt);
            },
            Redirects = _redirects,
        };
        Settings = new LiveSettings(new RequestSettings(options, origin, time, ProxyIdentity.Create()));
        meter.AttachOriginHealth(() => Settings.Current.Origin.ReadHealth());
        meter.Sources.OriginConnections = CountOriginConnections;

        // Fetching.
        _gate = new OriginGate(options.Limits.MaxOriginRequests, time);
        var gated = new GatedOrigin(_gate, time, meter);
        var parts = new PartReader(gated, time, meter) { VersionsDiffer = log.VersionsDiffer };
        var attempts = new SliceFetchAttempts(parts, _store, meter, _stopping.Token);
        _tier = SharedTierFactory.Open(options, sharedStore, index, _store, loggers, time);
        _fetcher = new SliceFetcher(attempts, index, time, meter, _stopping.Token)
        {
            FetchFailed = log.FetchFailed,
            SharedTier = _tier,
        };
        var lookup = new TierLookup(index, _store, time, _stopping.Token) { Tier = _tier };
        var interpreter = new ObjectAnswerInterpreter(_fetcher, _store, index) { TagsCut = purgeLog.TagsCut };
        var objectAttempts = new ObjectFetchAttempts(gated, interpreter, time, meter, _stopping.Token);
        var objects = new ObjectFetcher(objectAttempts, lookup, index, time, meter);
        objects.Unsliced.Noticed = log.SlicingSuspended;
        _fetcher.PartRefused = (generation, failure) => objects.Unsliced.Add(
            generation.Key.Bytes, wasAnswered: failure.Error is FetchError.OriginRefused or FetchError.UnusablePartialResponse);

        // Delivery.
        var unstored = new UnstoredDelivery(new UnstoredReader(parts, gated, index, time, meter), meter);
        var active = new ActiveDeliveries();
        var deliveries = new DeliveryPool(() => active.Note(new SliceDelivery(_fetcher, unstored, _residency, meter)));
        var ahead = new RangesAhead(_fetcher, _gate, time, meter);

        // Handlers.
        var failures = new FailureResponder(log);
        _passThroughGate = new OriginGate(options.Limits.MaxPassthroughRequests, time, GatePolicy.PassedThrough);
        var passThrough = new PassThroughHandler(_passThroughGate, new StoredResponseUpdates(index), failures, meter, log);
        var health = new HealthHandler(state, ProductVersion.Text, () => stores.HealthOf(options, _store, isForOperators: false));
        var operatorsHealth = new HealthHandler(state, ProductVersion.Text, () => stores.HealthOf(options, _store, isForOperators: true))
        {
            SharedCache = _tier is null ? null : () => SharedCachePart.WordOf(_tier.State),
        };
        var fallback = new OwnRequestFallback(passThrough, objects.Unsliced, objects.Own);
        var stored = new StoredResponder(deliveries, ahead, _store, meter, fallback, failures, log);
        var direct = new DirectResponder(objects, meter, log);
        var get = new GetHandler(index, objects, stored, direct, passThrough, fallback, failures);
        var purge = new PurgeHandler(index, _store, time, meter, purgeLog, state, isOperatorsPort: false) { Fleet = _tier?.Fleet };
        var operatorsPurge = new PurgeHandler(index, _store, time, meter, purgeLog, state, isOperatorsPort: true) { Fleet = _tier?.Fleet };
        var upgrade = new UpgradeHandler(_passThroughGate, time, meter, failures, log, _stopping.Token);
        var dispatcher = new RequestDispatcher(health, get, purge, passThrough, upgrade, log);

        // Endpoints.
        _tierFigures = _tier is null ? null : new SharedCacheFigures(_tier, options.SharedCache.Type, lastMinutes ?? time);
        _traffic = new TrafficHistory(meter, active, lastMinutes ?? time);
        var status = new StatusSources
        {
            Version = ProductVersion.Text,
            Time = time,
            State = state,
            Meter = meter,
            Traffic = _traffic,
            Deliveries = active,
            Store = _store,
            CacheHealth = () => stores.HealthOf(options, _store, isForOperators: true),
            SharedCache = _tierFigures,
            Index = index,
            OriginTimes = originTimes,
            Gate = _gate,
            Errors = errors,
            Settings = Settings,
        };
        _page = new StatusPage(status, new SearchDesk(new ObjectSearch(index, time)), operatorsPurge);
        var metricsPage = new MetricsHandler(meter, _process = new ProcessMeter(time));
        _sweeper = new DeadlineSweeper(time);
        _accessLog = new AccessLogWriter(loggers.CreateLogger<AccessLogWriter>(), meter, time);
        _accessLog.Configure(options.AccessLog);
        var metrics = new AccessLogObserver(new ExchangeMetrics(meter), _accessLog);
        var cuts = new ShutdownCuts(metrics, meter, loggers.CreateLogger<ShutdownCuts>());
        var services = new ConnectionServices(Settings, _sweeper, observe?.Invoke(cuts) ?? cuts, time, log)
        {
            Turns = _turns,
            Story = story,
            DoOthersWait = () => _gate.IsWaitedAt || _passThroughGate.IsWaitedAt,
        };
        var ownServices = services with
        {
            Observer = new ExchangeMetrics(_ownMeter),
            LimitsClients = false,
            AwaitsLastRequest = false,
            Story = null,
        };
        Parts = new InstanceParts
        {
            Proxy = new SliceConnectionHandler(services, dispatcher),
            ClientConnections = new ConnectionLimit(options.Limits.MaxConnections, meter),
            AdminConnections = new ConnectionLimit(MaxAdminConnections, _ownMeter),
            Admin = new SliceConnectionHandler(ownServices, new AdminEndpoint(metricsPage, operatorsHealth, operatorsPurge, _page)),
            ProxyProtocol = options.ProxyProtocol.Enabled
                ? new ProxyProtocolMiddleware(options.ProxyProtocol.TrustedAddresses, options.Timeouts.RequestHead, time, meter, log)
                : null,
            Certificate = LoadCertificate(options, time),
            State = state,
            Meter = meter,
            Cuts = cuts,
            ProbeStore = ProbeStore,
            DescribeStore = () => StoreFactory.Describe(options, _store),
            Apply = ApplySettings,
            ReopenLogs = _accessLog.Reopen,
            EndPages = _page.Events.End,
            Owner = this,
        };
        meter.Sources.Tier = _tier is null ? null : new TierSource
        {
            Meter = _tier.Meter,
            IsUp = () => _tier.State == TierState.Up,
            Instances = () => _tier.Fleet.Members.Count,
            ServersDown = () => _tier.ServersDown,
        };
        meter.Sources.SetBuild(ProductVersion.Text, ProductVersion.Commit);
        meter.Sources.Certificates = Parts.Certificate is { } certificate ? () => certificate.Ends : null;
    }

    /// <summary>What serves the ports.</summary>
    public InstanceParts Parts { get; }

    /// <summary>What is stored, by key.</summary>
    public ObjectIndex Index { get; }

    /// <summary>The store, on disk or in memory.</summary>
    public SliceStore Store => _store;

    /// <summary>The tier that is shared with other instances; null for none.</summary>
    public SharedTier? Tier => _tier;

    /// <summary>The page for people.</summary>
    public StatusPage Page => _page;

    /// <summary>What the next request goes by.</summary>
    public LiveSettings Settings { get; }

    /// <summary>
    /// Puts a configuration in force for the requests that begin from now on: all of it that has no socket, file or store behind it.
    /// Requests under way keep theirs. One caller at a time.
    /// </summary>
    public void ApplySettings(SliceOptions options)
    {
        var current = Settings.Current;
        Settings.Replace(new RequestSettings(options, current.Origin.Reconfigure(options), _time, current.Identity, current));
        _gate.Resize(options.Limits.MaxOriginRequests);
        _passThroughGate.Resize(options.Limits.MaxPassthroughRequests);
        _accessLog.Configure(options.AccessLog);
        _meter.ShowsPurge = options.Purge.EnableMetrics;
    }

    /// <summary>The parts of an instance that lives by the clock of the system.</summary>
    public static InstanceParts Compose(SliceOptions options, ILoggerFactory loggers) =>
        new Composition(options, loggers, TimeProvider.System).Parts;

    // A lock that is never given back, of the index or of the store, is what the caller's deadline finds.
    private void ProbeStore()
    {
        _ = Index.Contains("watchdog"u8);
        _ = _store.SliceCount;
        _residency.Probe();
    }

    private KeyValuePair<string, long>[] CountOriginConnections() =>
    [
        KeyValuePair.Create("subrequests", (long)_pool.OpenCount),
        KeyValuePair.Create("passthrough", (long)_wires.OpenCount),
        KeyValuePair.Create("redirects", (long)_redirects.OpenCount),
    ];

    private static ServerCertificate? LoadCertificate(SliceOptions options, TimeProvider time)
    {
        if (options.Tls is not { ListenAddress: not null, Certificate: { } certificatePath, Key: { } keyPath })
        {
            return null;
        }

        string? problem = ServerCertificate.Load(certificatePath, keyPath, options.Timeouts.RequestHead, time, out var certificate);
        return problem is null ? certificate : throw new InvalidDataException($"tls.certificate: {certificatePath}: {problem}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _traffic.Dispose();
        _page.Dispose();
        if (_tierFigures is not null)
        {
            await _tierFigures.DisposeAsync();
        }

        await _fetcher.DisposeAsync();
        if (_tier is not null)
        {
            await _tier.DisposeAsync();
        }

        _sweeper.Dispose();
        _turns.Dispose();
        _residency.Dispose();
        _accessLog.Dispose();
        _log.Dispose();
        Parts.Certificate?.Dispose();
        _pool.Dispose();
        _redirects.Dispose();
        _wires.Dispose();
        _gate.Dispose();
        _passThroughGate.Dispose();
        _purgeSweeper.Dispose();
        _purgeLog.Dispose();
        _store.Dispose();
        _stopping.Dispose();
        _meter.Dispose();
        _ownMeter.Dispose();
        _process.Dispose();
    }
}
