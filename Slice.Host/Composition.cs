using System.Reflection;
using Microsoft.Extensions.Logging;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Origin;
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

        // Store and index.
        var index = Index = new ObjectIndex();
        _store = new StoreFactory(loggers.CreateLogger<StoreFactory>()).Open(options, index, time, Meter);

        // Origin and settings.
        _origin = new OriginClient(options, time) { HealthChanged = log.OriginHealthChanged };
        Meter.AddGauge("origin_healthy", "1 for each address of the origin, 0 while it rests.", "address", _origin.ReadHealth);
        Settings = new LiveSettings(new RequestSettings(options, _origin, time));

        // Fetching.
        _gate = new OriginGate(options.Limits.MaxOriginRequests, time);
        var gated = new GatedOrigin(_gate, Meter);
        var attempts = new SliceFetchAttempts(gated, _store, time, Meter, _stopping.Token);
        _fetcher = new SliceFetcher(attempts, index, time, Meter, _stopping.Token) { FetchFailed = log.FetchFailed };
        var interpreter = new ObjectAnswerInterpreter(_fetcher, _store, index);
        var objects = new ObjectFetcher(new ObjectFetchAttempts(gated, interpreter, time, Meter, _stopping.Token), index, time, Meter);

        // Delivery.
        var unstored = new UnstoredDelivery(new UnstoredReader(gated, time, Meter), Meter);
        var deliveries = new DeliveryPool(() => new SliceDelivery(_fetcher, unstored, _residency, Meter));

        // Handlers.
        var failures = new FailureResponder(log);
        var passThrough = new PassThroughHandler(new StoredResponseUpdates(index), failures, Meter, log);
        var health = new HealthHandler(State, Version);
        var stored = new StoredResponder(deliveries, _store, time, Meter, failures, log);
        var direct = new DirectResponder(objects, Meter, log);
        var get = new GetHandler(index, objects, stored, direct, passThrough, failures);
        var purge = new PurgeHandler(index, _store, time, Meter);
        var upgrade = new UpgradeHandler(time, Meter, failures, log, _stopping.Token);
        var dispatcher = new RequestDispatcher(health, get, purge, passThrough, upgrade);

        // Endpoints.
        _sweeper = new DeadlineSweeper(time);
        var limits = new RequestHeadLimits(options.Limits.RequestTargetBytes, options.Limits.RequestHeadBytes, options.Limits.RequestFields);
        var services = new ConnectionServices(
            options, new QueryKeyRule(options.CacheKeyQuery, options.CacheKeyIgnoredArguments), limits, TimeoutSettings.From(options, time), _sweeper, Settings, time, Meter, log);
        Proxy = new SliceConnectionHandler(services, dispatcher);
        ProxyProtocol = options.ProxyProtocol.Enabled
            ? new ProxyProtocolMiddleware(options.ProxyProtocol.TrustedAddresses, options.Timeouts.RequestHead, time, Meter, log)
            : null;
        Certificate = LoadCertificate(options.Tls);

        // The metrics endpoint counts no requests of its own: its figures are the proxy's.
        Admin = new SliceConnectionHandler(services with { Meter = new SliceMeter() }, new AdminEndpoint(Meter, health, Version));
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

    /// <summary>What the next request goes by.</summary>
    public LiveSettings Settings { get; }

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
