using System.Reflection;
using Microsoft.Extensions.Logging;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Host.Service;
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
    private readonly CancellationTokenSource _stopping = new();
    private readonly SliceStore _store;
    private readonly OriginClient _origin;
    private readonly OriginGate _gate;
    private readonly SliceFetcher _fetcher;
    private readonly DeadlineSweeper _sweeper;
    private readonly PageResidency _residency = new();

    /// <summary>Builds an instance under a valid configuration; it does not listen yet.</summary>
    /// <exception cref="IOException">The store cannot be created; the message says why.</exception>
    public Composition(SliceOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        Meter = new SliceMeter(options.Purge.EnableMetrics);
        State = new InstanceState();
        var log = new RequestLog(loggers.CreateLogger<RequestLog>(), Meter);
        var grid = new SliceGrid(options.SliceSizeBytes);

        // Store and index.
        var index = Index = new ObjectIndex();
        _store = new StoreFactory(loggers.CreateLogger<StoreFactory>()).Open(options, index, time, Meter);

        // Origin and fetching.
        _origin = new OriginClient(options, time) { HealthChanged = log.OriginHealthChanged };
        Meter.AddGauge("origin_healthy", "1 for each address of the origin, 0 while it rests.", "address", _origin.ReadHealth);
        _gate = new OriginGate(options.Limits.MaxOriginRequests, options.Timeouts.OriginQueue, time);
        var retries = new RetryPolicy(options.MaxRetries, Random.Shared.NextDouble, options.UpstreamAddresses.Count);
        _fetcher = new SliceFetcher(_origin, _gate, _store, index, retries, time, Meter) { FetchFailed = log.FetchFailed };
        var queryKeyRule = new QueryKeyRule(options.CacheKeyQuery, options.CacheKeyIgnoredArguments);
        var reader = new StoredResponseReader(PolicyOf(options), time);
        var learner = new ObjectFetcher(_origin, _gate, _fetcher, _store, index, reader, retries, grid, time, Meter, _stopping.Token);

        // Handlers.
        var passThrough = new PassThroughHandler(_origin, new StoredResponseUpdates(index, reader, queryKeyRule), options, Meter, log);
        var health = new HealthHandler(State, Version);
        var get = new GetHandler(index, learner, reader, new UncacheableKeys(time), passThrough, options, time, Meter, log);
        var purge = new PurgeHandler(index, _store, options.Purge, time, Meter);
        var upgrade = new UpgradeHandler(_origin, options, time, Meter, log, _stopping.Token);
        var dispatcher = new RequestDispatcher(options.HealthPath, health, get, purge, passThrough, upgrade);

        // Endpoints.
        _sweeper = new DeadlineSweeper(time);
        var limits = new RequestHeadLimits(options.Limits.RequestTargetBytes, options.Limits.RequestHeadBytes, options.Limits.RequestFields);
        var services = new ConnectionServices(
            options, queryKeyRule, limits, TimeoutSettings.From(options, time), _sweeper, NewDelivery, time, Meter, log);
        Proxy = new SliceConnectionHandler(services, dispatcher);
        ProxyProtocol = options.ProxyProtocol.Enabled
            ? new ProxyProtocolMiddleware(options.ProxyProtocol.TrustedAddresses, options.Timeouts.RequestHead, time, Meter, log)
            : null;
        Certificate = LoadCertificate(options.Tls);

        // The metrics endpoint counts no requests of its own: its figures are the proxy's.
        Admin = new SliceConnectionHandler(services with { NewDelivery = null, Meter = new SliceMeter() }, new AdminEndpoint(Meter, health, Version));

        SliceDelivery NewDelivery() => new(_fetcher, _origin, _residency, Meter, options.MaxConcurrentSubrequests);
    }

    /// <summary>The version, from the assembly.</summary>
    public static string Version { get; } =
        typeof(Composition).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>The metrics.</summary>
    public SliceMeter Meter { get; }

    /// <summary>What is stored, by key.</summary>
    public ObjectIndex Index { get; }

    /// <summary>The store, on disk or in memory.</summary>
    public SliceStore Store => _store;

    /// <summary>What load balancers are told.</summary>
    public InstanceState State { get; }

    /// <summary>Serves the proxy port.</summary>
    public SliceConnectionHandler Proxy { get; }

    /// <summary>Stands before every client connection; null when the PROXY protocol is off.</summary>
    public ProxyProtocolMiddleware? ProxyProtocol { get; }

    /// <summary>The certificate for clients; null without TLS.</summary>
    public ServerCertificate? Certificate { get; }

    /// <summary>Serves the metrics port.</summary>
    public SliceConnectionHandler Admin { get; }

    private static ServerCertificate? LoadCertificate(TlsOptions tls)
    {
        if (tls is not { ListenAddress: not null, Certificate: { } certificatePath, Key: { } keyPath })
        {
            return null;
        }

        string? problem = ServerCertificate.Load(certificatePath, keyPath, out var certificate);
        return problem is null ? certificate : throw new InvalidDataException($"tls.certificate: {certificatePath}: {problem}");
    }

    private static CachePolicy PolicyOf(SliceOptions options) => new()
    {
        IsEnabled = options.EnableCache,
        DefaultLifetime = options.CacheTtl,
        OverridesLifetime = options.CacheTtlOverride,
        NegativeLifetime = options.CacheNegativeTtl,
        StaleIfError = options.CacheStaleIfError,
        StaleWhileRevalidate = options.CacheStaleWhileRevalidate,
        StoresSetCookie = options.CacheSetCookie,
        Validator = options.Validator,
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _fetcher.DisposeAsync();
        _sweeper.Dispose();
        _residency.Dispose();
        _origin.Dispose();
        _gate.Dispose();
        _store.Dispose();
        _stopping.Dispose();
        Meter.Dispose();
    }
}
