using System.Net.Sockets;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;

namespace Slice.Host.Service;

/// <summary>
/// Tells the service manager when the process is ready and when it stops (sd_notify(3)), whenever NOTIFY_SOCKET says that one listens;
/// otherwise does nothing. Safe from any thread.
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

    /// <param name="loggers">Makes the log that says when it cannot be told.</param>
    public ServiceManager(ILoggerFactory loggers) => _logger = loggers.CreateLogger<ServiceManager>();

    /// <summary>Clients are served: <c>systemctl start</c> returns, and units ordered after this one start.</summary>
    public void TellReady() => Tell(ServiceState.Ready);

    /// <summary>Running responses get their time to finish.</summary>
    public void TellStopping() => Tell(ServiceState.Stopping);

    // A manager that cannot be told is no reason not to serve; one that waits for the word ends the process itself.
    private void Tell(ServiceState state)
    {
        try
        {
            _notifier.Notify(state);
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            // The second is what the BCL says of a path longer than a socket's address (unix(7): 108 bytes).
            LogCannotTell(state.ToString(), exception.Message);
        }
    }

    [LoggerMessage(EventId = 60, EventName = "notify_failed", Level = LogLevel.Warning,
        Message = "NOTIFY_SOCKET: the service manager cannot be told {state}: {reason}")]
    private partial void LogCannotTell(string state, string reason);
}
