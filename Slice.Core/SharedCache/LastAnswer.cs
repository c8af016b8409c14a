namespace Slice.Core.SharedCache;

/// <summary>
/// When a server last answered anybody, and whether one that has let an operation meet its deadline is only busy. Thread-safe.
/// </summary>
/// <param name="timeout">How long an operation may take before its answer begins.</param>
/// <param name="time">The clock.</param>
internal sealed class LastAnswer(TimeSpan timeout, TimeProvider time)
{
    /// <summary>Timeouts without any answer that a busy machine is no excuse for. Arbitrary.</summary>
    public const int MostTimeoutsBehind = 10;

    // A server that has answered others a moment ago has much to do. Without any answer for so long that is no excuse. Arbitrary.
    private const int MostTimeouts = 2;

    // A server that saves its memory, or whose machine is moved, answers nobody for a moment. Whoever does not wait that moment asks the
    // origin: three instances sent it 130 to 160 requests for what was in a store that had paused for 200 ms. The third attempt at an
    // operation (TierAccess) ends six timeouts after the first began, and the first may have been excused by an answer to somebody else.
    private const int MostTimeoutsOfPause = 5;

    // A server that is always slow is not waited for again and again.
    private static readonly TimeSpan s_betweenPauses = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private long _at = long.MinValue;
    private Silence _silence = new(long.MinValue, default, IsPause: false);
    private long? _lastPauseAt;

    /// <summary>Whether there was any.</summary>
    public bool IsKnown => Volatile.Read(ref _at) != long.MinValue;

    /// <summary>There is one now.</summary>
    public void Note() => Volatile.Write(ref _at, time.GetTimestamp());

    /// <summary>
    /// Whether the server is only busy: it has answered others since the operation began, or within two timeouts; where this process is
    /// behind with its own work, within ten. Once in half a minute it may also pause for five timeouts.
    /// </summary>
    /// <param name="beganAt">When the operation began, as a timestamp of the clock.</param>
    /// <param name="isMachineBehind"><see cref="IsMachineBehind"/>.</param>
    public bool Excuses(long beganAt, bool isMachineBehind)
    {
        lock (_lock)
        {
            long at = Volatile.Read(ref _at);
            if (at >= beganAt || at == long.MinValue)
            {
                return at >= beganAt;
            }

            _silence = _silence.Behind == at
                ? _silence with { BeganAt = Math.Min(_silence.BeganAt, beganAt) }
                : new Silence(at, beganAt, IsPause: false);
            return time.GetElapsedTime(at) < (isMachineBehind ? MostTimeoutsBehind : MostTimeouts) * timeout || IsPause();
        }
    }

    /// <summary>Whether this process has more to do than threads to do it.</summary>
    public static bool IsMachineBehind() => ThreadPool.PendingWorkItemCount > ThreadPool.ThreadCount;

    private bool IsPause()
    {
        if (!_silence.IsPause)
        {
            if (_lastPauseAt is { } last && time.GetElapsedTime(last) < s_betweenPauses)
            {
                return false;
            }

            _silence = _silence with { IsPause = true };
            _lastPauseAt = time.GetTimestamp();
        }

        return time.GetElapsedTime(_silence.BeganAt) < MostTimeoutsOfPause * timeout;
    }

    // Since an answer nobody has had another; the first of those who wait since then began at a time.
    private readonly record struct Silence(long Behind, long BeganAt, bool IsPause);
}
