using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Slice.Host.Service;

/// <summary>
/// Tells the service manager that the process does its work (<c>WatchdogSec=</c>), after a look at it: a connection to its own port goes
/// through the loop that accepts, and a look-up through the locks of the store. A process that is stuck is then ended and started anew.
/// What is not its fault, such as a lack of descriptors or a disk that does not answer, does not count.
/// </summary>
internal sealed partial class Watchdog : IAsyncDisposable
{
    // A look that takes longer has failed, and is repeated at once until the manager loses its patience. Arbitrary.
    private static readonly TimeSpan s_longestLook = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping;
    private readonly Func<CancellationToken, Task> _look;
    private readonly Action _tell;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Task _watching;

    /// <summary>Begins to watch.</summary>
    /// <param name="interval">The time in which the manager wants to be told; it is told twice in it.</param>
    /// <param name="look">Looks at the process: throws, or does not return, when something is wrong.</param>
    /// <param name="tell">Tells the manager.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Is told of a look that fails.</param>
    /// <param name="stopping">Ends it: the manager does not watch a process that stops, whose ports close.</param>
    public Watchdog(
        TimeSpan interval,
        Func<CancellationToken, Task> look,
        Action tell,
        TimeProvider time,
        ILogger<Watchdog> logger,
        CancellationToken stopping)
    {
        (_look, _tell, _time, _logger) = (look, tell, time, logger);
        _stopping = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _watching = WatchAsync(interval / 2);
    }

    /// <summary>
    /// The interval that the manager wants (sd_watchdog_enabled(3)); null when it watches nobody, or another process. Pure.
    /// </summary>
    public static TimeSpan? IntervalOf(Func<string, string?> readEnvironment, int processId)
    {
        string? watched = readEnvironment("WATCHDOG_PID");
        bool isWatched = string.IsNullOrEmpty(watched) || watched == processId.ToString(CultureInfo.InvariantCulture);
        return isWatched
            && long.TryParse(readEnvironment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out long microseconds)
            && microseconds > 0
            ? TimeSpan.FromMicroseconds(microseconds)
            : null;
    }

    /// <summary>A look at an instance: its port of clients, and its store.</summary>
    /// <param name="instance">A running instance.</param>
    /// <param name="probe">The probe that its listeners know.</param>
    public static Func<CancellationToken, Task> LookAt(Instance instance, AcceptProbe probe)
    {
        Task store = Task.CompletedTask;
        return async ct =>
        {
            // One that is stuck is not joined by others.
            store = store.IsCompleted ? Task.Run(instance.Parts.ProbeStore, CancellationToken.None) : store;
            await store.WaitAsync(ct);
            try
            {
                await probe.RunAsync(instance.ProxyEndPoint, ct);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                // There is no descriptor for the look itself; the ports wait for some too.
            }
            catch (OperationCanceledException) when (instance.Descriptors.IsShort)
            {
                // Clients wait in the queue of the port, and the probe behind them.
            }
        };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _watching;
        _stopping.Dispose();
    }

    private async Task WatchAsync(TimeSpan period)
    {
        try
        {
            while (true)
            {
                while (!await IsWellAsync())
                {
                    await Task.Delay(s_pause, _time, _stopping.Token);
                }

                _tell();
                await Task.Delay(period, _time, _stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Nobody watches an instance that ends.
        }
    }

    private async Task<bool> IsWellAsync()
    {
        using var late = new CancellationTokenSource(s_longestLook, _time);
        using var ct = CancellationTokenSource.CreateLinkedTokenSource(late.Token, _stopping.Token);
        try
        {
            await _look(ct.Token);
            return true;
        }
        catch (Exception error)
        {
            // Whatever a look finds while the ports close is no fault.
            _stopping.Token.ThrowIfCancellationRequested();
            LogStuck(late.IsCancellationRequested ? $"no end within {s_longestLook.TotalSeconds} s" : error.Message);
            return false;
        }
    }

    [LoggerMessage(EventId = 133, EventName = "watchdog_probe_failed", Level = LogLevel.Error,
        Message = "the process does not do its work; the service manager will start it anew if that lasts: {reason}")]
    private partial void LogStuck(string reason);
}
