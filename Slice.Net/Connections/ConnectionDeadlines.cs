using Slice.Net.Exchange;

namespace Slice.Net.Connections;

/// <summary>What a connection is waiting for when its deadline passes.</summary>
internal enum DeadlineKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The next request on an idle connection: closed without a word.</summary>
    KeepAlive,

    /// <summary>The rest of a request head: answered 408.</summary>
    RequestHead,

    /// <summary>More of a request body: answered 408 or aborted.</summary>
    RequestBody,

    /// <summary>The client taking bytes: aborted.</summary>
    Send,

    /// <summary>The client's end of a connection that we have ended: closed.</summary>
    Linger,
}

/// <summary>
/// The one deadline a connection has at a time. Arming and disarming are single stores; a <see cref="DeadlineSweeper"/> looks every
/// second, so a deadline may pass up to a second late. Armed by the connection's loop only; swept from another thread.
/// <para>
/// The end of a wait and what is waited for stand in one word. The sweeper reads it and then exchanges it for <c>Passed</c>, if it is
/// still there: so it either passes exactly the wait that it has read, or, when the loop has gone on to another wait meanwhile, none.
/// The loop learns from <see cref="Disarm"/> which of the two came first.
/// </para>
/// <para>
/// Bodies have a least rate (B40). A client that we wait for begins with the whole timeout in hand; waiting uses it up, and every
/// byte earns time back, as much as it may take at the least rate and never more than the timeout. Without a rate any byte earns the whole.
/// </para>
/// </summary>
/// <param name="timeouts">How long each wait may take, until the first request.</param>
/// <param name="time">The clock.</param>
/// <param name="bytesTaken">
/// How many bytes the client has taken since the connection began. A send of many bytes shows its progress nowhere else: the kernel
/// tells us of room only when a third of its buffer, of megabytes, is free.
/// </param>
/// <param name="expired">Told of a deadline that passed, on the sweeper's thread.</param>
internal sealed class ConnectionDeadlines(TimeoutSettings timeouts, TimeProvider time, Func<long> bytesTaken, Action<DeadlineKind> expired)
    : ISwept
{
    // The kind stands in the lowest bits, the end of the wait above them: 2^60 ns are 36 years.
    private const int KindBits = 3;
    private const long KindMask = (1 << KindBits) - 1;

    // Both end later than any clock will show, and have no kind.
    private const long Disarmed = long.MaxValue;
    private const long Passed = long.MaxValue - 1;

    private long _deadline = Disarmed;
    private long _bytesTaken;
    private long _bodyArmedAt;
    private long _bodyTimeLeft;

    /// <summary>How long each wait may take; those of the next request when it begins. A wait under way keeps its end.</summary>
    public TimeoutSettings Timeouts { get; set; } = timeouts;

    /// <summary>Starts waiting for the next request.</summary>
    /// <param name="idleSince">When the last one had its answer, as a timestamp of the clock.</param>
    public void ArmKeepAlive(long idleSince) => ArmUntil(DeadlineKind.KeepAlive, idleSince + Timeouts.KeepAlive);

    /// <summary>Starts waiting for the last request of a connection of an instance that stops.</summary>
    public void ArmLastRequest() => Arm(DeadlineKind.KeepAlive, Timeouts.LastRequest);

    /// <summary>Starts waiting for a whole request head.</summary>
    public void ArmRequestHead() => Arm(DeadlineKind.RequestHead, Timeouts.RequestHead);

    /// <summary>Begins a request body: all of the timeout is left.</summary>
    public void BeginRequestBody() => _bodyTimeLeft = Timeouts.RequestBody.Timeout;

    /// <summary>Starts waiting for bytes of a request body. Pair with <see cref="RequestBodyArrived"/>.</summary>
    public void ArmRequestBody()
    {
        _bodyArmedAt = time.GetTimestamp();
        Arm(DeadlineKind.RequestBody, _bodyTimeLeft);
    }

    /// <summary>Ends waiting for bytes of a request body. False when they came too late.</summary>
    public bool RequestBodyArrived(long bytes)
    {
        bool isInTime = Disarm();
        long waited = time.GetTimestamp() - _bodyArmedAt;
        _bodyTimeLeft = Math.Clamp(_bodyTimeLeft - waited + Timeouts.RequestBody.Earned(bytes), 0, Timeouts.RequestBody.Timeout);
        return isInTime;
    }

    /// <summary>Starts waiting for the client to take bytes.</summary>
    public void ArmSend()
    {
        Volatile.Write(ref _bytesTaken, bytesTaken());
        Arm(DeadlineKind.Send, Timeouts.Send.Timeout);
    }

    /// <summary>Starts waiting for the client to close a connection that we have ended.</summary>
    public void ArmLinger() => Arm(DeadlineKind.Linger, Timeouts.Linger);

    /// <summary>Ends waiting. False when the deadline has passed: then the sweeper has told so or is about to.</summary>
    public bool Disarm() => Interlocked.Exchange(ref _deadline, Disarmed) != Passed;

    /// <summary>Whether the deadline that was armed last has passed; tells the loop why its read was cancelled.</summary>
    public bool HasPassed => Volatile.Read(ref _deadline) == Passed;

    /// <summary>Fires when the deadline has passed at timestamp <paramref name="now"/>, once.</summary>
    public void Sweep(long now)
    {
        long deadline = Volatile.Read(ref _deadline);
        long end = deadline >> KindBits;
        if (now < end)
        {
            return;
        }

        // Earned from the deadline on, not from now: a second for looking late, each time, would be more than a slow client earns by
        // itself.
        var kind = (DeadlineKind)(deadline & KindMask);
        long extended = end + (kind == DeadlineKind.Send ? EarnedByTaking() : 0);
        bool isOver = extended <= now;
        if (Interlocked.CompareExchange(ref _deadline, isOver ? Passed : Pack(extended, kind), deadline) == deadline && isOver)
        {
            expired(kind);
        }
    }

    // Asked only when a deadline passes, so a client that keeps up costs nothing. Should the loop arm the next send meanwhile, an older
    // count takes the place of its own: bytes taken between the two are then credited once more, to a client that takes bytes.
    private long EarnedByTaking()
    {
        long before = Volatile.Read(ref _bytesTaken);
        long now = bytesTaken();
        Volatile.Write(ref _bytesTaken, now);
        return Timeouts.Send.Earned(now - before);
    }

    private void Arm(DeadlineKind kind, long timeout) => ArmUntil(kind, time.GetTimestamp() + timeout);

    private void ArmUntil(DeadlineKind kind, long end) => Volatile.Write(ref _deadline, Pack(end, kind));

    private static long Pack(long end, DeadlineKind kind) => (end << KindBits) | (long)kind;
}
