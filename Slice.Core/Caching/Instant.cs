namespace Slice.Core.Caching;

/// <summary>
/// A moment by two clocks. The wall clock says when, and may be set at any time. The monotonic clock never goes back, and says only how
/// long after another moment of the same process. Ages go by both (B58). Immutable.
/// </summary>
public readonly record struct Instant
{
    private const long NoUptime = long.MinValue;

    // Two numbers instead of a DateTimeOffset and a TimeSpan?: a million stored responses have one each.
    private readonly long _utcTicks;
    private readonly long _uptimeTicks;

    private Instant(long utcTicks, long uptimeTicks) => (_utcTicks, _uptimeTicks) = (utcTicks, uptimeTicks);

    /// <summary>The time of the wall clock.</summary>
    public DateTimeOffset Utc => new(_utcTicks, TimeSpan.Zero);

    /// <summary>Now, by both clocks. Two readings and nothing else.</summary>
    public static Instant Now(TimeProvider time)
    {
        long utcTicks = time.GetUtcNow().UtcTicks;

        // GetElapsedTime would go through a double, which has fewer digits than a timestamp. The seconds are taken apart so that nothing
        // overflows at a thousand million ticks a second.
        var (seconds, rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return new Instant(utcTicks, (seconds * TimeSpan.TicksPerSecond) + (rest * TimeSpan.TicksPerSecond / time.TimestampFrequency));
    }

    /// <summary>A moment of which only the wall clock is known, such as one of an earlier process.</summary>
    public static Instant ByWallClock(DateTimeOffset utc) => new(utc.UtcTicks, NoUptime);

    /// <summary>
    /// How long after <paramref name="earlier"/>, which was not later than this: the longer of the two clocks' answers, never negative.
    /// When only the wall clock knows and says that the earlier moment is still to come, that clock was set back meanwhile and nothing is
    /// known: <see cref="DeltaSeconds.Longest"/>.
    /// </summary>
    public TimeSpan Since(Instant earlier)
    {
        long byWallClock = _utcTicks - earlier._utcTicks;
        return _uptimeTicks != NoUptime && earlier._uptimeTicks != NoUptime
            ? new TimeSpan(Math.Max(0, Math.Max(byWallClock, _uptimeTicks - earlier._uptimeTicks)))
            : byWallClock < 0 ? DeltaSeconds.Longest : new TimeSpan(byWallClock);
    }

    /// <summary>
    /// A moment of an earlier process, of which the wall clock's time was written down, as this process goes on with it: what has passed
    /// until now is what the wall clock says now, or <see cref="DeltaSeconds.Longest"/>, and no setting of the clock from here on makes it
    /// less.
    /// </summary>
    /// <param name="utc">The time that was written down.</param>
    public Instant Recall(DateTimeOffset utc)
    {
        long passed = Since(ByWallClock(utc)).Ticks;
        return new Instant(Math.Max(0, _utcTicks - passed), _uptimeTicks == NoUptime ? NoUptime : _uptimeTicks - passed);
    }
}
