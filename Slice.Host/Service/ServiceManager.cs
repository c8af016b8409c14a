using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Slice.Host.Service;

/// <summary>
/// Tells the service manager when the process is ready, reloads, stops, is replaced, and how it is (sd_notify(3)), whenever NOTIFY_SOCKET
/// says that one listens; otherwise does nothing. Safe from any thread.
/// </summary>
/// <remarks>
/// <para>No call waits for the manager. What it does not take at once is said again, in order, by a timer, for a few seconds.</para>
/// <para>Not <c>AddSystemd()</c>, for three reasons. It waits. It acts only when the parent process is called systemd, which a wrapper, a
/// container or <c>ProtectProc=invisible</c> hides. And its lifetime says that the process is ready when the host has started, which is
/// before health checks are answered with 200.</para>
/// </remarks>
internal sealed partial class ServiceManager : IAsyncDisposable
{
    // A manager reads many times a second; after this long it is taken for one that does not read. Arbitrary.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    // More than a reload, a heartbeat and a status at once. Arbitrary; what is said last counts most.
    private const int MaxWaiting = 16;

    private readonly Lock _lock = new();
    private readonly Queue<Word> _waiting = new();
    private readonly TaskCompletionSource _isAllTold = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NotifySocket? _socket;
    private readonly TimeProvider _time;
    private readonly ITimer _again;
    private readonly ILogger _logger;
    private bool _isMain = true;
    private bool _isOver;
    private bool _hasFailed;

    /// <param name="loggers">Makes the log that says when it cannot be told.</param>
    /// <param name="address">The value of NOTIFY_SOCKET; null or empty when nobody listens.</param>
    /// <param name="time">The clock.</param>
    public ServiceManager(ILoggerFactory loggers, string? address, TimeProvider time)
    {
        _logger = loggers.CreateLogger<ServiceManager>();
        _time = time;
        _again = time.CreateTimer(_ => SayAgain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            _socket = string.IsNullOrEmpty(address) ? null : new NotifySocket(address);
        }
        catch (Exception exception) when (exception is ArgumentException or SocketException)
        {
            // A manager that cannot be told is no reason not to serve; one that waits for the word ends the process itself.
            LogCannotTell("anything", exception.Message);
        }
    }

    /// <summary>Whether somebody listens.</summary>
    public bool Listens => _socket is not null;

    /// <summary>
    /// Clients are served: <c>systemctl start</c> returns, and units ordered after this one start. Also the end of a reload.
    /// </summary>
    public void TellReady() => Tell("READY=1");

    /// <summary>The configuration is being read again: <c>systemctl reload</c> waits for <see cref="TellReady"/>.</summary>
    public void TellReloading()
    {
        // systemd compares it with the time of its request: CLOCK_MONOTONIC, which Stopwatch reads on Linux, in microseconds.
        long microseconds = (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
        Tell(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// <summary>Running responses get their time to finish.</summary>
    public void TellStopping() => Tell("STOPPING=1");

    /// <summary>The process does its work; see <see cref="Watchdog"/>.</summary>
    public void TellAlive() => Tell("WATCHDOG=1");

    /// <summary>What <c>systemctl status</c> shows: one line.</summary>
    public void TellStatus(string status) => Tell("STATUS=" + status);

    /// <summary>
    /// Another process is the service now: from here on this one says nothing more. Or this one is, after all, and goes on to speak. Said
    /// again until this process ends: of a main process that ends the manager makes the end of the service.
    /// </summary>
    public void TellMainProcess(int processId)
    {
        lock (_lock)
        {
            _isMain = true;
            TellUnsynchronized(string.Create(CultureInfo.InvariantCulture, $"MAINPID={processId}"), isLasting: true);
            _isMain = processId == Environment.ProcessId;
        }
    }

    /// <summary>Says nothing more. Waits a few seconds until the manager knows of another main process, if there is one.</summary>
    public async ValueTask DisposeAsync()
    {
        bool isAwaited;
        lock (_lock)
        {
            _isOver = true;
            isAwaited = !_isMain && _waiting.Count > 0;
        }

        if (isAwaited)
        {
            await _isAllTold.Task.WaitAsync(s_longestWait, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _again.DisposeAsync();
        lock (_lock)
        {
            _waiting.Clear();
            _socket?.Dispose();
        }
    }

    private void Tell(string state)
    {
        lock (_lock)
        {
            TellUnsynchronized(state, isLasting: false);
        }
    }

    private void TellUnsynchronized(string state, bool isLasting)
    {
        if (_socket is null || !_isMain || _isOver)
        {
            return;
        }

        if (_waiting.Count == MaxWaiting)
        {
            _waiting.Dequeue();
        }

        _waiting.Enqueue(new Word(state, _time.GetTimestamp(), isLasting));
        SayUnsynchronized(_socket);
    }

    private void SayAgain()
    {
        lock (_lock)
        {
            SayUnsynchronized(_socket!);
        }
    }

    private void SayUnsynchronized(NotifySocket socket)
    {
        while (_waiting.TryPeek(out var word))
        {
            var error = socket.Send(word.State);
            bool isBusy = error?.SocketErrorCode is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable;
            bool isLate = _time.GetElapsedTime(word.Since) >= s_longestWait;
            if (!isBusy || isLate)
            {
                NoteUnsynchronized(word.State, isBusy ? $"it has read nothing for {s_longestWait.TotalSeconds} s" : error?.Message);
            }

            if (isBusy && (word.IsLasting || !isLate))
            {
                _again.Change(s_pause, Timeout.InfiniteTimeSpan);
                return;
            }

            _waiting.Dequeue();
        }

        if (!_isMain || _isOver)
        {
            _isAllTold.TrySetResult();
        }
    }

    // One line for each change, not for each heartbeat.
    private void NoteUnsynchronized(string state, string? problem)
    {
        bool hadFailed = _hasFailed;
        _hasFailed = problem is not null;
        if (problem is not null && !hadFailed)
        {
            LogCannotTell(state, problem);
        }
        else if (problem is null && hadFailed)
        {
            LogTold();
        }
    }

    [LoggerMessage(EventId = 60, EventName = "notify_failed", Level = LogLevel.Warning,
        Message = "the service manager cannot be told at NOTIFY_SOCKET: {state} {reason}")]
    private partial void LogCannotTell(string state, string reason);

    [LoggerMessage(EventId = 160, EventName = "notify_works", Level = LogLevel.Information,
        Message = "NOTIFY_SOCKET: the service manager is told again")]
    private partial void LogTold();

    /// <summary>What is to be said.</summary>
    /// <param name="State">The words of sd_notify(3).</param>
    /// <param name="Since">When it was to be said first.</param>
    /// <param name="IsLasting">Whether it is said again without a limit.</param>
    private sealed record Word(string State, long Since, bool IsLasting);
}
