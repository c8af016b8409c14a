using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Host.Configuration;
using Slice.Host.Machine;

namespace Slice.Host.Service;

/// <summary>
/// A running proxy: its <see cref="InstanceParts"/> behind Kestrel, with its endpoints bound, inside a host that handles signals. Start it,
/// wait for it, dispose it.
/// </summary>
internal sealed partial class Instance : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly IHost _host;
    private readonly InstanceParts _parts;
    private readonly SliceOptions _options;
    private readonly HeldConnections? _held;
    private readonly AdminServer? _admin;
    private readonly ILogger _logger;
    private volatile TimeoutOptions _timeouts;
    private volatile bool _isHandedOver;
    private ITimer? _drainTimer;
    private Task? _stopped;

    private Instance(IHost host, InstanceParts parts, SliceOptions options, HeldConnections? held, ILogger logger)
    {
        (_host, _parts, _options, _held, _logger, _timeouts) = (host, parts, options, held, logger, options.Timeouts);
        _admin = options.MetricsEndpoint.Enabled
            ? new AdminServer(
                kestrel => InstanceEndpoints.ConfigureAdmin(kestrel, options, parts),
                host.Services,
                host.Services.GetRequiredService<IConnectionListenerFactory>(),
                Loggers)
            : null;
    }

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
    public CancellationToken Stopping => Lifetime.ApplicationStopping;

    /// <summary>Knows whether descriptors are short.</summary>
    public DescriptorWatch Descriptors => _host.Services.GetRequiredService<DescriptorWatch>();

    private IHostApplicationLifetime Lifetime => _host.Services.GetRequiredService<IHostApplicationLifetime>();

    /// <summary>Builds an instance and binds its endpoints: when this returns, clients are served.</summary>
    /// <param name="options">A valid configuration.</param>
    /// <param name="compose">Builds what serves the ports.</param>
    /// <param name="configureLogging">Says where the log goes.</param>
    /// <param name="configureServices">Adds to the host, or replaces in it.</param>
    /// <param name="notices">Lines for the log that were found before there was one.</param>
    /// <param name="lowered">Keys that did not fit the machine, also for the log.</param>
    /// <param name="sockets">Listening sockets that were handed over, and then all that listen; null for none.</param>
    /// <param name="probe">Is told of its connections; null when nobody probes.</param>
    /// <exception cref="InstanceStartException">A port or the store cannot be had; it has been logged too.</exception>
    public static async Task<Instance> StartAsync(
        SliceOptions options,
        InstanceComposer compose,
        Action<ILoggingBuilder> configureLogging,
        Action<IServiceCollection>? configureServices = null,
        IReadOnlyList<Notice>? notices = null,
        IReadOnlyList<LoweredOption>? lowered = null,
        PortSockets? sockets = null,
        AcceptProbe? probe = null)
    {
        sockets ??= new PortSockets([]);
        var keyByEndPoint = InstanceEndpoints.Name(options);
        InstanceParts? parts = null;
        Instance? instance = null;
        HeldConnections? held = null;
        var host = new HostBuilder()
            .ConfigureLogging(configureLogging)
            .ConfigureServices(services =>
            {
                // The instance itself ends the wait for running responses, and knows what it cuts off.
                services.Configure<HostOptions>(static host => host.ShutdownTimeout = Timeout.InfiniteTimeSpan);
                services.AddSingleton<IHostLifetime>(_ => new SignalLifetime(() => instance!.BeginDraining()));
                services.Configure<SocketTransportOptions>(static transport => transport.UnsafePreferInlineScheduling = true);
                services.AddSingleton(provider =>
                    new DescriptorWatch(provider.GetRequiredService<ILogger<DescriptorWatch>>(), TimeProvider.System));
                services.AddSingleton<IConnectionListenerFactory>(provider => new ListenerFactory(
                    provider.GetRequiredService<IOptions<SocketTransportOptions>>(),
                    provider.GetRequiredService<ILoggerFactory>(),
                    provider.GetRequiredService<DescriptorWatch>(),
                    keyByEndPoint,
                    sockets,
                    probe ?? new AcceptProbe()));
                configureServices?.Invoke(services);
            })
            .ConfigureWebHost(web => web
                .UseKestrelCore()
                .ConfigureKestrel(kestrel => InstanceEndpoints.ConfigureProxy(kestrel, options, () => parts!, held))
                .Configure(static _ => { }))
            .Build();
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger<Instance>();
        try
        {
            if (options is { UsesUpstreamTls: true, UpstreamTls.Verify: false })
            {
                LogOriginNotVerified(logger);
            }

            sockets.Claim(keyByEndPoint);
            held = sockets.AreHeld ? new HeldConnections() : null;
            CertificateLog.Warn(logger, options, TimeProvider.System.GetUtcNow());
            parts = Compose(options, compose, host);
            instance = new Instance(host, parts, options, held, logger);
            await instance.StartAsync(notices ?? [], lowered ?? []);
            return instance;
        }
        catch (Exception exception)
        {
            LogCannotStart(logger, exception.Message);
            instance?._admin?.Dispose();
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
        _timeouts = options.Timeouts;
        _parts.Apply(options);
    }

    /// <summary>
    /// Tells health checks that it ends, goes on as before for <c>timeouts.drain_delay</c>, and then begins to stop; called again, at once.
    /// Returns at once.
    /// </summary>
    public void BeginDraining()
    {
        var delay = _timeouts.DrainDelay;
        bool isFirst = _parts.State.IsHealthy;
        _parts.State.SetDraining();
        if (!isFirst || delay == TimeSpan.Zero)
        {
            Lifetime.StopApplication();
            return;
        }

        string text = DurationText.Format(delay);
        LogDraining(text);
        _drainTimer = TimeProvider.System.CreateTimer(_ => Lifetime.StopApplication(), null, delay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Begins to stop because another process serves the same sockets now: health checks are that one's to answer, and so is the metrics
    /// port. Returns at once.
    /// </summary>
    public void HandOver()
    {
        _isHandedOver = true;
        Lifetime.StopApplication();
    }

    /// <summary>Waits until a signal or <see cref="StopAsync"/> ends it.</summary>
    public async Task WaitForShutdownAsync()
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (Stopping.Register(stopping.SetResult))
        {
            await stopping.Task;
        }

        await StopAsync();
    }

    /// <summary>
    /// Takes no new connections, lets running responses finish within <c>timeouts.shutdown</c> and cuts off the others; the metrics port
    /// closes last. Several calls are one.
    /// </summary>
    public Task StopAsync()
    {
        lock (_lock)
        {
            return _stopped ??= StopOnceAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _parts.Owner.DisposeAsync();
        LogStopped(_parts.Meter.Requests, _parts.Meter.BytesToClient.Value);
        if (_drainTimer is { } timer)
        {
            await timer.DisposeAsync();
        }

        _admin?.Dispose();
        _host.Dispose();
    }

    private async Task StopOnceAsync()
    {
        Lifetime.StopApplication();
        var shutdown = _timeouts.Shutdown;
        using var cut = new CancellationTokenSource();
        await using (TimeProvider.System.CreateTimer(_ => CutOff(cut), null, shutdown, Timeout.InfiniteTimeSpan))
        {
            if (_isHandedOver)
            {
                await Task.WhenAll(_host.StopAsync(cut.Token), StopAdminAsync());
                return;
            }

            if (_held is not null)
            {
                // Half, so that who came in that time has the other half.
                await _held.DrainAsync(shutdown / 2, TimeProvider.System);
            }

            await _host.StopAsync(cut.Token);
        }

        _parts.Cuts.End();
        await StopAdminAsync();
    }

    private void CutOff(CancellationTokenSource cut)
    {
        // First the note, then the cut: whoever is cut off is counted.
        _parts.Cuts.Begin();
        cut.Cancel();
    }

    private Task StopAdminAsync()
    {
        _parts.EndPages();
        return _admin?.StopAsync(doClientsWait: _held is not null && !_isHandedOver) ?? Task.CompletedTask;
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
        catch (CacheDirectoryException exception)
        {
            throw new InstanceStartException($"l2_cache_dir: {exception.Message}", exception);
        }
        catch (IOException exception)
        {
            // All else that it cannot do without is memory.
            throw new InstanceStartException($"l1_cache_size_bytes: the cache cannot be set up: {exception.Message}", exception);
        }
    }

    private async Task StartAsync(IReadOnlyList<Notice> notices, IReadOnlyList<LoweredOption> lowered)
    {
        Stopping.Register(OnStopping);
        AdminEndPoint = _admin is null ? null : await _admin.StartAsync();
        await _host.StartAsync();
        var bound = _host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => IPEndPoint.Parse(new Uri(address).Authority)).ToArray();
        ProxyEndPoint = bound[0];
        TlsEndPoint = _options.Tls.ListenAddress is null ? null : bound[1];
        string origin = string.Join(' ', _options.UpstreamAddresses);
        string metrics = AdminEndPoint?.ToString() ?? "off";
        string cache = _parts.DescribeStore();

        // A start that fails has one line, its reason; these are about one that serves.
        foreach (var notice in notices)
        {
            LogNotice(_logger, notice.Text, notice.Key, notice.Todo);
        }

        foreach (var option in lowered)
        {
            LogLowered(_logger, option.Key, option.Configured, option.Used, option.Reason);
        }

        // The line first: whoever finds the instance healthy may stop it, and the log must not tell that before it.
        if (TlsEndPoint is not null)
        {
            LogListeningTls(TlsEndPoint, _options.Tls.Certificate!);
        }

        LogListening(ProxyEndPoint, metrics, origin, cache);
        _parts.State.SetHealthy();
    }

    private void OnStopping()
    {
        string timeout = DurationText.Format(_timeouts.Shutdown);
        if (!_isHandedOver)
        {
            _parts.State.SetDraining();
        }

        LogStopping(_parts.Meter.ActiveRequests.Value, timeout);
    }

    [LoggerMessage(EventId = 8, EventName = "notice", Level = LogLevel.Information, Message = "{words}: {key} {todo}")]
    private static partial void LogNotice(ILogger logger, string words, string key, string todo);

    [LoggerMessage(EventId = 70, EventName = "option_lowered", Level = LogLevel.Warning,
        Message = "a limit of this machine is below the configuration, and that is used: {key} {configured} {used} {reason}")]
    private static partial void LogLowered(ILogger logger, string key, string configured, string used, string reason);

    [LoggerMessage(EventId = 13, EventName = "origin_not_verified", Level = LogLevel.Warning,
        Message = "upstream_tls.verify is false: whoever is on the way to the origin can read and change everything")]
    private static partial void LogOriginNotVerified(ILogger logger);

    [LoggerMessage(EventId = 9, EventName = "cannot_start", Level = LogLevel.Error, Message = "cannot start: {reason}")]
    private static partial void LogCannotStart(ILogger logger, string reason);

    [LoggerMessage(EventId = 10, EventName = "listening", Level = LogLevel.Information,
        Message = "ready, and taking requests: {address} {metrics} {origin} {cache}")]
    private partial void LogListening(IPEndPoint address, string metrics, string origin, string cache);

    [LoggerMessage(EventId = 14, EventName = "listening_tls", Level = LogLevel.Information,
        Message = "ready, and taking requests with TLS: {address} {certificate}")]
    private partial void LogListeningTls(IPEndPoint address, string certificate);

    [LoggerMessage(EventId = 132, EventName = "draining", Level = LogLevel.Information,
        Message = "health checks are told 503, and connections are still taken until the delay is over: {delay}")]
    private partial void LogDraining(string delay);

    [LoggerMessage(EventId = 11, EventName = "stopping", Level = LogLevel.Information,
        Message = "stopping, and requests that run may finish until the timeout is over: {active} {timeout}")]
    private partial void LogStopping(long active, string timeout);

    [LoggerMessage(EventId = 12, EventName = "stopped", Level = LogLevel.Information,
        Message = "stopped; that many requests were answered, with that many bytes: {requests} {bytes}")]
    private partial void LogStopped(long requests, long bytes);
}
