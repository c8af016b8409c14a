using Microsoft.Extensions.Logging;
using Slice.Host.Machine;

namespace Slice.Host.Service;

/// <summary>
/// Knows when ports wait for file descriptors, and logs the begin and the end of such a time with one line each, however many ports wait
/// and however often. Thread-safe.
/// </summary>
internal sealed partial class DescriptorWatch : IDisposable
{
    /// <summary>
    /// How long a port waits before it looks again: ten looks a second cost nothing, and no client notices the wait. Arbitrary.
    /// </summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long no port must have waited until it is over: at the limit, single descriptors come and go. Arbitrary.</summary>
    public static readonly TimeSpan Calm = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ITimer _calm;
    private volatile int _firstSpare;
    private int _waiting;
    private int _limit;
    private bool _isShort;
    private long _beganAt;

    /// <summary>Watches a process that may have as many descriptors as its soft limit says now.</summary>
    /// <param name="logger">The log.</param>
    /// <param name="time">The clock.</param>
    public DescriptorWatch(ILogger<DescriptorWatch> logger, TimeProvider time)
    {
        (_logger, _time, _limit) = (logger, time, NativeDescriptors.Limit);
        _firstSpare = DescriptorShares.FirstSpare(_limit);
        _calm = time.CreateTimer(_ => EndIfCalm(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The first descriptor that no client may have; see <see cref="DescriptorShares.FirstSpare"/>. Tests move it.</summary>
    public int FirstSpare
    {
        get => _firstSpare;
        set => _firstSpare = value;
    }

    /// <summary>Whether ports have waited lately.</summary>
    public bool IsShort
    {
        get
        {
            lock (_lock)
            {
                return _isShort;
            }
        }
    }

    /// <summary>Waits one <see cref="Pause"/> for room.</summary>
    /// <param name="port">The configuration key of the port that waits.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public async Task PauseAsync(string port, CancellationToken ct)
    {
        Begin(port);
        try
        {
            await RestAsync(ct);
        }
        finally
        {
            End();
        }
    }

    /// <summary>Waits one <see cref="Pause"/> after an error that is not about descriptors: nothing is counted or logged.</summary>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The wait was ended.</exception>
    public Task RestAsync(CancellationToken ct) => Task.Delay(Pause, _time, ct);

    /// <inheritdoc/>
    public void Dispose() => _calm.Dispose();

    private void Begin(string port)
    {
        int limit = NativeDescriptors.Limit;
        lock (_lock)
        {
            if (limit != _limit)
            {
                // Somebody has changed it while the process runs: prlimit(1).
                _limit = limit;
                _firstSpare = DescriptorShares.FirstSpare(limit);
            }

            _waiting++;
            _calm.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            if (_isShort)
            {
                return;
            }

            _isShort = true;
            _beganAt = _time.GetTimestamp();
        }

        LogShort(port, limit);
    }

    private void End()
    {
        lock (_lock)
        {
            if (--_waiting == 0)
            {
                _calm.Change(Calm, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // The timer rings, and before it takes the lock a port begins to wait: then it is not over.
    private void EndIfCalm()
    {
        long seconds;
        lock (_lock)
        {
            if (_waiting > 0 || !_isShort)
            {
                return;
            }

            _isShort = false;
            seconds = (long)_time.GetElapsedTime(_beganAt).TotalSeconds;
        }

        LogRoomAgain(seconds);
    }

    [LoggerMessage(EventId = 71, EventName = "descriptors_short", Level = LogLevel.Warning,
        Message = "new connections wait, no file descriptor is free for them (RLIMIT_NOFILE, systemd's LimitNOFILE): {port} {limit}")]
    private partial void LogShort(string port, int limit);

    [LoggerMessage(EventId = 72, EventName = "descriptors_free", Level = LogLevel.Information,
        Message = "file descriptors are free again, no new connection waits: seconds={seconds}")]
    private partial void LogRoomAgain(long seconds);
}
