using System.Globalization;
using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Core.Ranges;
using Slice.Host.Logging;
using Slice.Host.Service;
using Slice.Host.Text;

namespace Slice.Host.Demo;

/// <summary>The sample origin with the real proxy before it, and the downloads through them. Start it, download, dispose it.</summary>
internal sealed class DemoRun : IAsyncDisposable
{
    // Whoever still downloads when a person presses Ctrl-C has this long. Arbitrary: below a person's patience.
    private static readonly TimeSpan s_shutdownTimeout = TimeSpan.FromSeconds(2);

    private readonly DemoPlan _plan;
    private readonly DemoOrigin _origin;
    private readonly InstanceComposer _compose;
    private readonly Action<ILoggingBuilder> _configureLogging;

    private DemoRun(DemoPlan plan, DemoOrigin origin, Instance proxy, InstanceComposer compose, Action<ILoggingBuilder> configureLogging) =>
        (_plan, _origin, Proxy, _compose, _configureLogging) = (plan, origin, proxy, compose, configureLogging);

    /// <summary>The proxy, on the port that was asked for.</summary>
    public Instance Proxy { get; }

    /// <summary>Where the origin listens.</summary>
    public Uri OriginAddress => _origin.Address;

    /// <summary>Starts origin and proxy.</summary>
    /// <param name="plan">What is served.</param>
    /// <param name="compose">Builds the proxy.</param>
    /// <exception cref="InstanceStartException">The port cannot be had; it has been logged too.</exception>
    public static async Task<DemoRun> StartAsync(DemoPlan plan, InstanceComposer compose)
    {
        var threshold = new LogThreshold(plan.Options.LogLevel);
        Action<ILoggingBuilder> configureLogging = logging => logging.AddSliceLogging(threshold);
        var origin = await DemoOrigin.StartAsync(plan.Options.SizeBytes, plan.Options.Latency, configureLogging);
        try
        {
            var options = ProxyOptions(plan, origin) with
            {
                ListenAddress = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{plan.Options.Port}"),
                MaxConcurrentSubrequests = plan.Options.Concurrency,
                MetricsEndpoint = new MetricsEndpointOptions { Address = "127.0.0.1:0" },
                Store = new CacheStoreOptions { MemorySizeBytes = plan.CacheBytes },
            };
            return new DemoRun(plan, origin, await Instance.StartAsync(options, compose, configureLogging), compose, configureLogging);
        }
        catch
        {
            await origin.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs all downloads, one after the other.</summary>
    /// <param name="console">Where progress is shown.</param>
    /// <param name="finished">Called with each row when it is there.</param>
    /// <param name="ct">Ends them at once.</param>
    /// <exception cref="DemoFailureException">A byte differs, or a download did not complete.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<DemoResults> DownloadAsync(DemoConsole console, Action<DemoRow> finished, CancellationToken ct)
    {
        var measurement = new DemoMeasurement(_plan.Options, _origin, console, finished);
        int inFlight = _plan.Options.Concurrency;
        string coldName = $"cold, {inFlight} {(inFlight == 1 ? "slice" : "slices")} in flight";
        string boundaryName = _plan.SliceCount == 1 ? "cold, range inside the only slice" : "cold, range across a slice boundary";
        string crowdName = $"cold, {DemoPlan.Clients} clients at once" + PartOf(_plan.Crowd);
        await measurement.WarmUpAsync(Proxy, "/demo/warm-up.bin", _plan.Boundary, ct);
        return new DemoResults(
            await measurement.RunAsync(coldName, Proxy, "/demo/sample.bin", _plan.Whole, clients: 1, ct),
            await measurement.RunAsync("warm", Proxy, "/demo/sample.bin", _plan.Whole, clients: 1, ct),
            await DownloadOneAtATimeAsync(measurement, ct),
            await measurement.RunAsync(boundaryName, Proxy, "/demo/range.bin", _plan.Boundary, clients: 1, ct),
            await measurement.RunAsync(crowdName, Proxy, "/demo/crowd.bin", _plan.Crowd, DemoPlan.Clients, ct));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    private static SliceOptions ProxyOptions(DemoPlan plan, DemoOrigin origin) => new()
    {
        UpstreamAddresses = [origin.Address],

        // The run shows that each byte is fetched once.
        Hedges = false,
        // Named: the demo's files are as new as the demo, and would be asked for anew at each use.
        SlicePatterns = ["^/"],
        SliceSizeBytes = plan.Options.SliceSizeBytes,
        Timeouts = new TimeoutOptions { Shutdown = s_shutdownTimeout },
        LogLevel = plan.Options.LogLevel,
    };

    // A proxy of its own, whose memory is given back before the next download.
    private async Task<DemoRow> DownloadOneAtATimeAsync(DemoMeasurement measurement, CancellationToken ct)
    {
        var options = ProxyOptions(_plan, _origin) with
        {
            ListenAddress = "127.0.0.1:0",
            MaxConcurrentSubrequests = 1,
            MetricsEndpoint = new MetricsEndpointOptions { Enabled = false },
            Store = new CacheStoreOptions { MemorySizeBytes = _plan.ComparedCacheBytes },
        };
        await using var proxy = await Instance.StartAsync(options, _compose, _configureLogging);
        string name = "cold, one slice at a time" + PartOf(_plan.Compared);
        return await measurement.RunAsync(name, proxy, "/demo/serial.bin", _plan.Compared, clients: 1, ct);
    }

    private string PartOf(ByteRange range) => range == _plan.Whole ? "" : $", first {ReadableSize.Format(range.Length)}";
}
