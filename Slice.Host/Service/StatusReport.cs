using System.Globalization;
using Slice.Core.Observability;
using Slice.Host.Text;

namespace Slice.Host.Service;

/// <summary>The line that <c>systemctl status</c> shows, told every few seconds when it has changed.</summary>
internal sealed class StatusReport : IAsyncDisposable
{
    // Arbitrary: as fresh as somebody who looks again expects, and nothing for an idle machine.
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<string> _read;
    private readonly Action<string> _tell;
    private readonly TimeProvider _time;
    private readonly Task _reporting;

    /// <summary>Begins to report.</summary>
    /// <param name="read">Makes the line.</param>
    /// <param name="tell">Tells the line to whoever shows it.</param>
    /// <param name="time">The clock.</param>
    public StatusReport(Func<string> read, Action<string> tell, TimeProvider time)
    {
        (_read, _tell, _time) = (read, tell, time);
        _reporting = ReportAsync();
    }

    /// <summary>Requests, hit rate since the start, and the cache.</summary>
    public static string Describe(SliceMeter meter, string store)
    {
        long hits = meter.CacheHits.Value;
        long slices = hits + meter.CacheMisses.Value;
        string rate = slices == 0
            ? "no slices yet"
            : string.Create(CultureInfo.InvariantCulture, $"hit rate {100.0 * hits / slices:0.#} %");
        string used = meter.Store is { } source ? $", {ReadableSize.Format(source.UsedBytes())} used" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{meter.ActiveRequests.Value} requests running, {meter.Requests} answered; {rate}; cache {store}{used}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _reporting;
        _stopping.Dispose();
    }

    private async Task ReportAsync()
    {
        string told = "";
        try
        {
            while (true)
            {
                await Task.Delay(s_period, _time, _stopping.Token);
                string line = _read();
                if (line != told)
                {
                    _tell(told = line);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The manager knows that the instance stops.
        }
    }
}
