using System.Runtime.CompilerServices;

namespace Slice.Net.Connections;

/// <summary>
/// One connection's turn on the thread of the sockets that serves it. A client that asks again at once finds that thread still at its
/// connection: the thread reads the next request, and the next, and does not look at the other connections. After
/// <see cref="Longest"/> the connection goes on on a thread of <see cref="ThreadTurns"/>, and the others have their turn. One flow at a
/// time.
/// </summary>
/// <remarks>
/// Decision 2 has what this was measured by: with more clients than processors the slowest of a hundred ranges of 4 KiB took two to three
/// times as long without.
/// </remarks>
/// <param name="turns">Where connections go on.</param>
/// <param name="time">The clock of the timestamps.</param>
internal sealed class ThreadTurn(ThreadTurns turns, TimeProvider time) : ICriticalNotifyCompletion
{
    /// <summary>
    /// Time after which the others have their turn: ten hits of 4 KiB. With less it costs more, and with more the slowest are later.
    /// </summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMicroseconds(250);

    /// <summary>The same for the only connection: the next client that connects may have to wait for it.</summary>
    public static readonly TimeSpan LongestAlone = TimeSpan.FromMilliseconds(10);

    /// <summary>A request that took longer, with the pause before it, let others in. Arbitrary.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    // After a longer answer the client seldom has the next request at hand; where it has, on the same machine, going on elsewhere took
    // 1.3 x the CPU of 1 MiB, and the slowest of a hundred were not late without.
    private const long LongBytes = 128 << 10;

    // The connection whose request the thread served last, and since when it has served no other's.
    [ThreadStatic]
    private static ThreadTurn? t_last;

    [ThreadStatic]
    private static long t_since;

    private Action? _continuation;
    private long _answeredAt;
    private long _answerBytes;
    private bool _hasPaused = true;

    /// <summary>Always false: awaiting a turn ends it.</summary>
    public bool IsCompleted => false;

    /// <summary>A request was answered.</summary>
    /// <param name="answeredAt">When, as a timestamp.</param>
    /// <param name="answerBytes">The length of the answer's body.</param>
    public void Answered(long answeredAt, long answerBytes)
    {
        _hasPaused = time.GetElapsedTime(_answeredAt, answeredAt) > Pause;
        (_answeredAt, _answerBytes) = (answeredAt, answerBytes);
    }

    /// <summary>The next request is here. Whether the calling thread has served this connection alone for long enough.</summary>
    public bool IsOver()
    {
        if (t_last != this)
        {
            (t_last, t_since) = (this, 0);
            return false;
        }

        if (t_since == 0 || _hasPaused)
        {
            t_since = _answeredAt;
            return false;
        }

        if (_answerBytes > LongBytes || time.GetElapsedTime(t_since, _answeredAt) < (turns.HasOne ? LongestAlone : Longest))
        {
            return false;
        }

        t_last = null;
        return true;
    }

    /// <summary>Goes on on another thread.</summary>
    public ThreadTurn GetAwaiter() => this;

    /// <summary>Nothing to give.</summary>
    public void GetResult()
    {
    }

    /// <inheritdoc/>
    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    /// <inheritdoc/>
    public void UnsafeOnCompleted(Action continuation)
    {
        _continuation = continuation;
        turns.GoOn(this);
    }

    /// <summary>Goes on now, on the calling thread.</summary>
    public void Run()
    {
        var continuation = _continuation!;
        _continuation = null;
        continuation();
    }
}
