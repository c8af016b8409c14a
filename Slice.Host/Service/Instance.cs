using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Slice.Core.Options;
using Slice.Host.Machine;
using Slice.Net.Connections;

namespace Slice.Host.Service;

/// <summary>
/// A running proxy: its <see cref="InstanceParts"/> behind Kestrel, with its endpoints bound, inside a host that handles signals. Start it,
/// wait for it, dispose it.
/// </summary>
internal sealed partial class Instance : IAsyncDisposable
{
    // Kestrel's default lets a client make us hold 1 MiB that no handler has asked for; uploads run as well with this.
    private const int InputBufferBytes = 128 << 10;

    private readonly IHost _host;
    private readonly InstanceParts _parts;
    private readonly SliceOptions _options;
    private readonly ILogger _logger;

    private Instance(IHost host, InstanceParts parts, SliceOptions options, ILogger logger) =>
        (_host, _parts, _options, _logger) = (host, parts, options, logger);

    /// <summary>Where clients connect; the real port when 0 was configured. Valid once started.</summary>
    public IPEndPoint ProxyEndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Where clients connect with TLS; null without. Valid once started.</summary>
    public IPEndPoint? TlsEndPoint { get; private set; }

    /// <summary>The metrics endpoint; null when it is disabled. Valid once started.</summary>
    public IPEndPoint? AdminEndPoint { get; private set; }

    /// <summary>What it is made of.</summary>
    public InstanceParts Parts => _parts;

    /// <summary>The log it writes to.</summary>
    public ILoggerFactory Loggers => _host.Services.GetRequiredService<ILoggerFactory>();

    /// <summary>Cancelled when it begins to stop.</summary>
    public CancellationToken Stopping => _host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;

    private HostOptions HostOptions => _host.Services.GetRequiredService<IOptions<HostOptions>>().Value;

    /// <summary>Builds an instance and binds its endpoints: when this returns, clients are served.</summary>
    /// <param name="options">A valid configuration.</param>
    /// <param name="compose">Builds what serves the ports.</param>
    /// <param name="configureLogging">Says where the log goes.</param>
    /// <param name="configureServices">Adds to the host, or replaces in it.</param>
    /// <param name="notices">Lines for the log that were found before there was one.</param>
    /// <param name="lowered">Keys that did not fit the machine, also for the log.</param>
    /// <exception cref="InstanceStartException">A port or the store cannot be had; it has been logged too.</exception>
    public static async Task<Instance> StartAsync(
        SliceOptions options,
        InstanceComposer compose,
        Action<ILoggingBuilder> configureLogging,
        Action<IServiceCollection>? configureServices = null,
        IReadOnlyList<string>? notices = null,
        IReadOnlyList<LoweredOption>? lowered = null)
    {
        InstanceParts? parts = null;
        var host = new HostBuilder()
            .ConfigureLogging(configureLogging)
            .ConfigureServices(services =>
            {
                services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Timeouts.Shutdown);
                services.Configure<SocketTransportOptions>(transport =>
                {
                    transport.UnsafePreferInlineScheduling = true;

                    // Waiting with a buffer in hand costs each idle connection 4 KiB and saves each request a system call.
                    transport.WaitForDataBeforeAllocatingBuffer = false;
                });
                services.AddSingleton(provider =>
                    new DescriptorWatch(provider.GetRequiredService<ILogger<DescriptorWatch>>(), TimeProvider.System));
                services.AddSingleton<IConnectionListenerFactory>(provider => new ListenerFactory(
                    provider.GetRequiredService<IOptions<SocketTransportOptions>>(),
                    provider.GetRequiredService<ILoggerFactory>(),
                    provider.GetRequiredService<DescriptorWatch>(),
                    NameEndPoints(options)));
                configureServices?.Invoke(services);
            })
            .ConfigureWebHost(web => web
                .UseKestrelCore()
                .ConfigureKestrel(kestrel => ConfigureEndpoints(kestrel, options, () => parts!))
                .Configure(static _ => { }))
            .Build();
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger<Instance>();
        try
        {
            foreach (string notice in notices ?? [])
            {
                LogNotice(logger, notice);
            }

            if (options is { UsesUpstreamTls: true, UpstreamTls.Verify: false })
            {
                LogOriginNotVerified(logger);
            }

            parts = Compose(options, compose, host);
            var instance = new Instance(host, parts, options, logger);
            await instance.StartAsync(lowered ?? []);
            return instance;
        }
        catch (Exception exception)
        {
            LogCannotStart(logger, exception.Message);
            if (parts is not null)
            {
                await parts.Owner.DisposeAsync();
            }

            host.Dispose();
            throw;
        }
    }

    /// <summary>Puts a reloaded configuration in force: its live keys for what begins from now on; one call at a time.</summary>
    public void Apply(SliceOptions options)
    {
        // The host looks at its options again when it stops.
        HostOptions.ShutdownTimeout = options.Timeouts.Shutdown;
        _parts.Apply(options);
    }

    /// <summary>Waits until a signal or <see cref="StopAsync"/> ends it.</summary>
    public Task WaitForShutdownAsync() => _host.WaitForShutdownAsync();

    /// <summary>Takes no new connections and lets running responses finish within <c>timeouts.shutdown</c>.</summary>
    public Task StopAsync() => _host.StopAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _parts.Owner.DisposeAsync();
        LogStopped(_parts.Meter.Requests, _parts.Meter.BytesToClient.Value);
        _host.Dispose();
    }

    private static InstanceParts Compose(SliceOptions options, InstanceComposer compose, IHost host)
    {
        try
        {
            return compose(options, host.Services.GetRequiredService<ILoggerFactory>());
        }
        catch (InvalidDataException exception)
        {
            // A file that was there when the configuration was read.
            throw new InstanceStartException(exception.Message, exception);
        }
        catch (IOException exception)
        {
            // All that it cannot do without is memory.
            throw new InstanceStartException($"l1_cache_size_bytes: the cache cannot be set up: {exception.Message}", exception);
        }
    }

    private static Dictionary<EndPoint, string> NameEndPoints(SliceOptions options)
    {
        var keyByEndPoint = new Dictionary<EndPoint, string> { [IPEndPoint.Parse(options.ListenAddress)] = "listen_address" };
        if (options.Tls.ListenAddress is { } tlsAddress)
        {
            keyByEndPoint.TryAdd(IPEndPoint.Parse(tlsAddress), "tls.listen_address");
        }

        if (options.MetricsEndpoint.Enabled)
        {
            // With port 0 twice, which only tests configure, both are one key here.
            keyByEndPoint.TryAdd(IPEndPoint.Parse(options.MetricsEndpoint.Address), "metrics_endpoint.address");
        }

        return keyByEndPoint;
    }

    private static void ConfigureEndpoints(KestrelServerOptions kestrel, SliceOptions options, Func<InstanceParts> parts)
    {
        kestrel.Limits.MaxConcurrentConnections = options.Limits.MaxConnections;
        kestrel.Limits.MaxRequestBufferSize = InputBufferBytes;
        kestrel.Limits.MaxRequestLineSize = InputBufferBytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = InputBufferBytes;
        kestrel.Listen(IPEndPoint.Parse(options.ListenAddress), listen => ServeClients(listen, options, parts));
        if (options.Tls.ListenAddress is { } tlsAddress)
        {
            kestrel.Listen(IPEndPoint.Parse(tlsAddress), listen => ServeClients(listen, options, parts, isTls: true));
        }

        if (options.MetricsEndpoint.Enabled)
        {
            kestrel.Listen(
                IPEndPoint.Parse(options.MetricsEndpoint.Address),
                listen => listen.Run(connection => parts().Admin.OnConnectedAsync(connection)));
        }
    }

    // From the socket inwards: who the client is, TLS, HTTP.
    private static void ServeClients(ListenOptions listen, SliceOptions options, Func<InstanceParts> parts, bool isTls = false)
    {
        listen.Protocols = HttpProtocols.Http1;
        if (options.ProxyProtocol.Enabled)
        {
            listen.Use(next => connection => parts().ProxyProtocol!.OnConnectedAsync(connection, next));
        }

        if (isTls)
        {
            listen.Use(next => connection => HandshakeDraining.Begin(connection, next));
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                HandshakeTimeout = options.Timeouts.RequestHead,
                OnConnection = _ => new(parts().Certificate!.Options),
            });
            listen.Use(next => connection => HandshakeDraining.Complete(connection, next));
        }

        listen.Run(connection => parts().Proxy.OnConnectedAsync(connection));
    }

    private async Task StartAsync(IReadOnlyList<LoweredOption> lowered)
    {
        Stopping.Register(OnStopping);
        await _host.StartAsync();
        var bound = _host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => IPEndPoint.Parse(new Uri(address).Authority)).ToArray();
        ProxyEndPoint = bound[0];
        TlsEndPoint = _options.Tls.ListenAddress is null ? null : bound[1];
        AdminEndPoint = _options.MetricsEndpoint.Enabled ? bound[^1] : null;
        string origin = string.Join(' ', _options.UpstreamAddresses);
        string metrics = AdminEndPoint?.ToString() ?? "off";

        // A start that fails has one line, its reason; these are about one that serves.
        foreach (var option in lowered)
        {
            LogLowered(_logger, option.Key, option.Configured, option.Used, option.Reason);
        }

        // The line first: whoever finds the instance healthy may stop it, and the log must not tell that before it.
        if (TlsEndPoint is not null)
        {
            LogListeningTls(TlsEndPoint, _options.Tls.Certificate!);
        }

        LogListening(ProxyEndPoint, metrics, origin, _parts.Store);
        _parts.State.SetHealthy();
    }

    private void OnStopping()
    {
        _parts.State.SetDraining();
        string timeout = DurationText.Format(HostOptions.ShutdownTimeout);
        LogStopping(_parts.Meter.ActiveRequests.Value, timeout);
    }

    [LoggerMessage(EventId = 8, EventName = "notice", Level = LogLevel.Information, Message = "{notice}")]
    private static partial void LogNotice(ILogger logger, string notice);

    [LoggerMessage(EventId = 70, EventName = "option_lowered", Level = LogLevel.Warning,
        Message = "{key}: {configured} does not fit this machine, used is {used}: {reason}")]
    private static partial void LogLowered(ILogger logger, string key, string configured, string used, string reason);

    [LoggerMessage(EventId = 13, EventName = "origin_not_verified", Level = LogLevel.Warning,
        Message = "upstream_tls.verify is false: whoever is on the way to the origin can read and change everything")]
    private static partial void LogOriginNotVerified(ILogger logger);

    [LoggerMessage(EventId = 9, EventName = "cannot_start", Level = LogLevel.Error, Message = "cannot start: {reason}")]
    private static partial void LogCannotStart(ILogger logger, string reason);

    [LoggerMessage(EventId = 10, EventName = "listening", Level = LogLevel.Information,
        Message = "ready: proxy on {address}, metrics {metrics}, origin {origin}, cache {cache}")]
    private partial void LogListening(IPEndPoint address, string metrics, string origin, string cache);

    [LoggerMessage(EventId = 14, EventName = "listening_tls", Level = LogLevel.Information,
        Message = "ready: proxy with TLS on {address}, certificate {certificate}")]
    private partial void LogListeningTls(IPEndPoint address, string certificate);

    [LoggerMessage(EventId = 11, EventName = "stopping", Level = LogLevel.Information,
        Message = "stopping: {active} requests have up to {timeout} to finish")]
    private partial void LogStopping(long active, string timeout);

    [LoggerMessage(EventId = 12, EventName = "stopped", Level = LogLevel.Information,
        Message = "stopped after {requests} requests and {bytes} bytes")]
    private partial void LogStopped(long requests, long bytes);
}
