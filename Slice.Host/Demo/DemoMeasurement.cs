using System.Diagnostics;
using Slice.Core.Ranges;
using Slice.Host.Service;

namespace Slice.Host.Demo;

/// <summary>Runs downloads and says what they took.</summary>
internal sealed class DemoMeasurement(DemoOptions options, DemoOrigin origin, DemoConsole console, Action<DemoRow> finished)
{
    // Beyond the latency of the origin; arbitrary, far above what loopback takes on a busy machine.
    private static readonly TimeSpan s_silenceLimit = TimeSpan.FromSeconds(30);

    /// <summary>Downloads one range of one object for a number of clients at once.</summary>
    /// <exception cref="DemoFailureException">A byte differs, or a download did not complete.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task<DemoRow> RunAsync(string name, Instance proxy, string target, ByteRange range, int clients, CancellationToken ct)
    {
        var request = new DemoRequest(proxy.ProxyEndPoint, target, range, options.SizeBytes, options.Latency + s_silenceLimit);
        var row = await RunAsync(name, proxy, request, clients, ct);
        finished(row);
        return row;
    }

    /// <summary>
    /// Downloads a range unmeasured: the first request of a process also pays for compiling or loading the code it runs, once.
    /// </summary>
    /// <exception cref="DemoFailureException">A byte differs, or the download did not complete.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async Task WarmUpAsync(Instance proxy, string target, ByteRange range, CancellationToken ct)
    {
        var request = new DemoRequest(proxy.ProxyEndPoint, target, range, options.SizeBytes, options.Latency + s_silenceLimit);
        await DemoDownload.RunAsync(request, static _ => { }, ct);
        await WaitForOriginAsync(request, ct);
    }

    private async Task<DemoRow> RunAsync(string name, Instance proxy, DemoRequest request, int clients, CancellationToken ct)
    {
        await using var progress = new DemoProgress(console, name, request.Range.Length * clients);
        var before = DemoCounts.Read(proxy, origin);
        long startedAt = Stopwatch.GetTimestamp();
        var downloads = Enumerable.Range(0, clients).Select(_ => DemoDownload.RunAsync(request, progress.Add, ct));
        var arrivals = await Task.WhenAll(downloads);
        await WaitForOriginAsync(request, ct);
        return new DemoRow(name)
        {
            Time = Stopwatch.GetElapsedTime(startedAt, arrivals.Max(arrival => arrival.LastByteAt)),
            FirstByte = Stopwatch.GetElapsedTime(startedAt, arrivals.Max(arrival => arrival.FirstByteAt)),
            Bytes = progress.Bytes,
            Counts = DemoCounts.Read(proxy, origin).Since(before),
        };
    }

    private async Task WaitForOriginAsync(DemoRequest request, CancellationToken ct)
    {
        try
        {
            await origin.WhenIdleAsync().WaitAsync(request.SilenceLimit, ct);
        }
        catch (TimeoutException error)
        {
            throw new DemoFailureException($"GET {request.Target}: the proxy does not take what it asked the origin for", error);
        }
    }
}
