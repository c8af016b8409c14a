using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Host;
using Slice.Host.Service;

namespace Slice.Tests.Support;

/// <summary>
/// The proxy in this process, on loopback ports chosen by the kernel, with everything real but the configuration file. Slices may
/// be as small as a test likes.
/// </summary>
internal sealed class ProxyUnderTest : IAsyncDisposable
{
    private readonly RecordingObserver _observer;
    private readonly LogCapture _log;

    private ProxyUnderTest(Instance instance, Composition composition, RecordingObserver observer, LogCapture log)
    {
        Instance = instance;
        Composition = composition;
        _observer = observer;
        _log = log;
    }

    /// <summary>The instance.</summary>
    public Instance Instance { get; }

    /// <summary>What the instance is made of.</summary>
    public Composition Composition { get; }

    /// <summary>The proxy port.</summary>
    public IPEndPoint EndPoint => Instance.ProxyEndPoint;

    /// <summary>The metrics port.</summary>
    public IPEndPoint AdminEndPoint => Instance.AdminEndPoint!;

    /// <summary>The exchanges on the proxy port that have finished.</summary>
    public IReadOnlyList<RecordedExchange> Exchanges => _observer.Records;

    /// <summary>Keeps no record from now on, and so allocates nothing for one.</summary>
    public void StopRecording() => _observer.IsIdle = true;

    /// <summary>What was logged.</summary>
    public IReadOnlyList<string> Log => _log.Lines;

    /// <summary>Calls somebody with each line, on the thread that logs.</summary>
    public void Hear(Action<string> line) => _log.Heard = line;

    /// <summary>Starts a proxy in front of <paramref name="origin"/>, with no waits between retries worth mentioning.</summary>
    public static Task<ProxyUnderTest> StartAsync(
        Uri origin, int sliceSizeBytes, Func<SliceOptions, SliceOptions>? configure = null, TimeProvider? time = null,
        TimeProvider? lastMinutes = null) =>
        StartAsync(origin, sliceSizeBytes, configure, time, LogLevel.Debug, lastMinutes);

    /// <summary>The same with the log as operators have it: what becomes of each request is not told.</summary>
    public static Task<ProxyUnderTest> StartQuietAsync(
        Uri origin, int sliceSizeBytes, Func<SliceOptions, SliceOptions>? configure = null) =>
        StartAsync(origin, sliceSizeBytes, configure, time: null, LogLevel.Information);

    private static Task<ProxyUnderTest> StartAsync(
        Uri origin, int sliceSizeBytes, Func<SliceOptions, SliceOptions>? configure, TimeProvider? time, LogLevel least,
        TimeProvider? lastMinutes = null)
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [origin],
            SliceSizeBytes = sliceSizeBytes,
            ListenAddress = "127.0.0.1:0",
            MetricsEndpoint = new MetricsEndpointOptions { Address = "127.0.0.1:0" },
            Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },

            // Tests count what the origin is asked for, and hold back what they like for as long as they like.
            Hedges = false,
        };
        return StartAsync(
            configure?.Invoke(options) ?? options, time ?? TimeProvider.System, (_, level) => level >= least, lastMinutes);
    }

    /// <summary>
    /// Starts a proxy under this configuration; what is logged is what <paramref name="allows"/> allows. What is shown of the last minutes
    /// goes by <paramref name="lastMinutes"/>, if there is such a clock.
    /// </summary>
    public static async Task<ProxyUnderTest> StartAsync(
        SliceOptions options, TimeProvider time, Func<string?, LogLevel, bool> allows, TimeProvider? lastMinutes = null,
        IKeyValueStore? sharedStore = null)
    {
        var log = new LogCapture();
        Composition? composition = null;
        RecordingObserver? observer = null;
        Instance? instance = null;
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    instance = await Instance.StartAsync(options, Compose, Capture);
                }
                catch (InstanceStartException error) when (IsPortTaken(error))
                {
                    // A child that another test starts just now has all our descriptors for a moment, those of a proxy that was stopped
                    // among them.
                }

                return instance is not null;
            },
            () => "the ports to be free");
        return new ProxyUnderTest(instance!, composition!, observer!, log);

        InstanceParts Compose(SliceOptions configured, ILoggerFactory loggers)
        {
            composition = new Composition(
                configured, loggers, time, metrics => observer = new RecordingObserver(metrics), lastMinutes, sharedStore);
            return composition.Parts;
        }

        void Capture(ILoggingBuilder logging) =>
            logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Trace).AddFilter(allows);
    }

    private static bool IsPortTaken(InstanceStartException error) =>
        error.InnerException is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse };

    /// <summary>One GET on a connection of its own.</summary>
    public Task<RawResponse> GetAsync(string target, params string[] fields) => RawClient.GetAsync(EndPoint, target, fields);

    /// <summary>One PURGE at the metrics port, where none needs a token.</summary>
    public Task<RawResponse> PurgeAsync(string target, params string[] fields) =>
        RawClient.AskAsync(AdminEndPoint, RawClient.Request("PURGE", target, fields));

    /// <inheritdoc cref="MetricReader.ReadAsync"/>
    public Task<double> MetricAsync(string name) => MetricReader.ReadAsync(AdminEndPoint, name);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Instance.DisposeAsync();
}
