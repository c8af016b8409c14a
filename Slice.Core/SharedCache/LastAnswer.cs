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

    private long _at = long.MinValue;

    /// <summary>Whether there was any.</summary>
    public bool IsKnown => Volatile.Read(ref _at) != long.MinValue;

    /// <summary>There is one now.</summary>
    public void Note() => Volatile.Write(ref _at, time.GetTimestamp());

    /// <summary>
    /// Whether the server is only busy: it has answered others since the operation began, or within two timeouts; where this process is
    /// behind with its own work, within ten.
    /// </summary>
    /// <param name="beganAt">When the operation began, as a timestamp of the clock.</param>
    /// <param name="isMachineBehind"><see cref="IsMachineBehind"/>.</param>
    public bool Excuses(long beganAt, bool isMachineBehind)
    {
        long at = Volatile.Read(ref _at);
        return at >= beganAt
            || (at != long.MinValue && time.GetElapsedTime(at) < (isMachineBehind ? MostTimeoutsBehind : MostTimeouts) * timeout);
    }

    /// <summary>Whether this process has more to do than threads to do it.</summary>
    public static bool IsMachineBehind() => ThreadPool.PendingWorkItemCount > ThreadPool.ThreadCount;
}
