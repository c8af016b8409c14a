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
/// The one deadline a connection has at a time. Arming and disarming are two stores; a <see cref="DeadlineSweeper"/> looks every
/// second, so a deadline may pass up to a second late. Armed by the connection's loop only; swept from another thread.
/// </summary>
internal sealed class ConnectionDeadlines(TimeoutSettings timeouts, TimeProvider time, Action<DeadlineKind> expired)
{
    private long _deadline = long.MaxValue;
    private DeadlineKind _kind;

    /// <summary>Starts waiting for the next request.</summary>
    public void ArmKeepAlive() => Arm(DeadlineKind.KeepAlive, timeouts.KeepAlive);

    /// <summary>Starts waiting for a whole request head.</summary>
    public void ArmRequestHead() => Arm(DeadlineKind.RequestHead, timeouts.RequestHead);

    /// <summary>Starts waiting for bytes of a request body.</summary>
    public void ArmRequestBody() => Arm(DeadlineKind.RequestBody, timeouts.RequestBody);

    /// <summary>Starts waiting for the client to take bytes.</summary>
    public void ArmSend() => Arm(DeadlineKind.Send, timeouts.Send);

    /// <summary>Starts waiting for the client to close a connection that we have ended.</summary>
    public void ArmLinger() => Arm(DeadlineKind.Linger, timeouts.Linger);

    /// <summary>Ends waiting.</summary>
    public void Disarm() => Volatile.Write(ref _deadline, long.MaxValue);

    /// <summary>Which deadline passed last; tells the loop why its read was cancelled.</summary>
    public DeadlineKind Expired { get; private set; }

    /// <summary>Fires when the deadline has passed at timestamp <paramref name="now"/>, once.</summary>
    public void Sweep(long now)
    {
        long deadline = Volatile.Read(ref _deadline);
        if (now < deadline)
        {
            return;
        }

        // The loop may have moved on since we read: then the value is another one, and this deadline was met.
        if (Interlocked.CompareExchange(ref _deadline, long.MaxValue, deadline) == deadline)
        {
            Expired = _kind;
            expired(_kind);
        }
    }

    private void Arm(DeadlineKind kind, long timeout)
    {
        _kind = kind;
        Volatile.Write(ref _deadline, time.GetTimestamp() + timeout);
    }
}

/// <summary>The client-side timeouts in ticks of <see cref="TimeProvider.GetTimestamp"/>. Immutable.</summary>
internal sealed record TimeoutSettings(long KeepAlive, long RequestHead, long RequestBody, long Send, long Linger)
{
    // nginx's lingering_timeout.
    private static readonly TimeSpan s_linger = TimeSpan.FromSeconds(5);

    /// <summary>Converts the configured timeouts.</summary>
    public static TimeoutSettings From(Core.Options.TimeoutOptions options, TimeProvider time)
    {
        return new TimeoutSettings(
            ToTimestamp(options.KeepAlive),
            ToTimestamp(options.RequestHead),
            ToTimestamp(options.RequestBody),
            ToTimestamp(options.Send),
            ToTimestamp(s_linger));

        long ToTimestamp(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
    }
}
