using Slice.Core.SharedCache;
using StackExchange.Redis;

namespace Slice.Net.SharedCache.Redis;

/// <summary>
/// How the attempts of a <see cref="RedisConnection"/> have ended, for whoever is to say why there is no connection. Thread-safe.
/// </summary>
/// <remarks>
/// The library says that there is no connection before it says why, and of an attempt that it has given up itself it says what it says of
/// one that the server has ended. Only the time tells them apart.
/// </remarks>
/// <param name="time">The clock; the library goes by the system's.</param>
internal sealed class RedisAttempts(TimeProvider time)
{
    // The library gives up an attempt that hangs behind the connection one second later than others, as measured. Arbitrary.
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(3);

    // A timer goes by a clock that counts in steps of some milliseconds, so it may end an attempt before its time by the other. More than
    // such a step, and short against what tells the two apart. Arbitrary.
    private const long EarlyTicks = 100 * TimeSpan.TicksPerMillisecond;

    private readonly TaskCompletionSource _firstEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Exception? _lastFailure;

    // When the attempt under way began, or the one before ended, in UTC; 0 while there is a connection.
    private long _beganAtTicks;

    /// <summary>What the last attempt, or the last connection, failed of; null when unknown.</summary>
    public Exception? LastFailure => _lastFailure;

    /// <summary>The first attempt of a multiplexer begins.</summary>
    public void Begin() => Volatile.Write(ref _beganAtTicks, time.GetUtcNow().Ticks);

    /// <summary>Something has failed; null where nobody knows why, and then nothing is noted.</summary>
    public void Failed(Exception? error) => _lastFailure = error ?? _lastFailure;

    /// <summary>A connection is lost, and the next attempt begins.</summary>
    public void Lost(Exception? error)
    {
        Failed(error);
        Interlocked.CompareExchange(ref _beganAtTicks, time.GetUtcNow().Ticks, 0);
    }

    /// <summary>An attempt has ended.</summary>
    public void Ended(ConnectionAttemptCompletedEventArgs attempt)
    {
        // That of the channel goes the same way at the same time.
        if (attempt.ConnectionType != ConnectionType.Interactive)
        {
            return;
        }

        // The library cancels an attempt for which its time is over. When that began is told late on a busy machine.
        long endedAtTicks = attempt.CompletedTimeUtc.Ticks;
        long beganAtTicks = Interlocked.Exchange(ref _beganAtTicks, attempt.IsSuccess ? 0 : endedAtTicks);
        bool isGivenUp = !attempt.IsSuccess
            && (attempt.Exception?.GetBaseException() is OperationCanceledException
                || (beganAtTicks != 0
                    && endedAtTicks - beganAtTicks >= RedisConfiguration.ConnectTimeoutMs * TimeSpan.TicksPerMillisecond - EarlyTicks));
        Failed(isGivenUp ? SilenceAt(attempt.Stage) : attempt.Exception);
        _firstEnded.TrySetResult();
    }

    /// <summary>Waits until the first attempt has told how it ended, for some seconds at most. Never throws.</summary>
    public async Task FirstEndedAsync(CancellationToken ct) =>
        await _firstEnded.Task.WaitAsync(s_longestWait, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private static KeyValueStoreException SilenceAt(ConnectionAttemptStage stage) => new(
        stage >= ConnectionAttemptStage.Tls
            ? "accepts connections and does not answer (does it expect TLS, or none?)"
            : $"no connection within {RedisConfiguration.ConnectTimeoutMs / 1000} s");
}
