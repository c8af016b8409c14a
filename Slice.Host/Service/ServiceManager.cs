using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace Slice.Host.Service;

/// <summary>
/// Tells the service manager when the process is ready, reloads, stops, is replaced, and how it is (sd_notify(3)), whenever NOTIFY_SOCKET
/// says that one listens; otherwise does nothing. Safe from any thread.
/// </summary>
/// <remarks>
/// Not <c>AddSystemd()</c>, for two reasons. It acts only when the parent process is called systemd, which a wrapper, a container or
/// <c>ProtectProc=invisible</c> hides. And its lifetime says that the process is ready when the host has started, which is before health
/// checks are answered with 200.
/// </remarks>
internal sealed partial class ServiceManager
{
    private readonly SystemdNotifier _notifier = new();
    private readonly ILogger _logger;
    private volatile bool _isMain = true;
    private volatile bool _hasFailed;

    /// <param name="loggers">Makes the log that says when it cannot be told.</param>
    public ServiceManager(ILoggerFactory loggers) => _logger = loggers.CreateLogger<ServiceManager>();

    /// <summary>Whether somebody listens.</summary>
    public bool Listens => _notifier.IsEnabled;

    /// <summary>
    /// Clients are served: <c>systemctl start</c> returns, and units ordered after this one start. Also the end of a reload.
    /// </summary>
    public void TellReady() => Tell(ServiceState.Ready);

    /// <summary>The configuration is being read again: <c>systemctl reload</c> waits for <see cref="TellReady"/>.</summary>
    public void TellReloading()
    {
        // systemd compares it with the time of its request: CLOCK_MONOTONIC, which Stopwatch reads on Linux, in microseconds.
        long microseconds = (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
        Tell(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}")));
    }

    /// <summary>Running responses get their time to finish.</summary>
    public void TellStopping() => Tell(ServiceState.Stopping);

    /// <summary>The process does its work; see <see cref="Watchdog"/>.</summary>
    public void TellAlive() => Tell(new ServiceState("WATCHDOG=1"));

    /// <summary>What <c>systemctl status</c> shows: one line.</summary>
    public void TellStatus(string status) => Tell(new ServiceState("STATUS=" + status));

    /// <summary>Another process is the service now. From here on this one says nothing more.</summary>
    public void TellMainProcess(int processId)
    {
        Tell(new ServiceState(string.Create(CultureInfo.InvariantCulture, $"MAINPID={processId}")));
        _isMain = false;
    }

    // A manager that cannot be told is no reason not to serve; one that waits for the word ends the process itself.
    private void Tell(ServiceState state)
    {
        if (!_isMain)
        {
            return;
        }

        try
        {
            _notifier.Notify(state);
            _hasFailed = false;
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            // The second is what the BCL says of a path longer than a socket's address (unix(7): 108 bytes). Once, not at every heartbeat.
            if (!_hasFailed)
            {
                LogCannotTell(state.ToString(), exception.Message);
            }

            _hasFailed = true;
        }
    }

    [LoggerMessage(EventId = 60, EventName = "notify_failed", Level = LogLevel.Warning,
        Message = "NOTIFY_SOCKET: the service manager cannot be told {state}: {reason}")]
    private partial void LogCannotTell(string state, string reason);
}
