namespace Slice.Net.SharedCache.Files;

/// <summary>
/// What an instance may write, beside its share of the last eighth, into the room that a pass of its own has found free.
/// </summary>
/// <remarks>
/// <para>
/// The instance that makes a pass gives itself half of what is neither used, nor of the last eighth, nor granted to others, and says so in
/// <c>janitor.pass</c>, which only who holds <c>janitor.lock</c> writes. So what is there, all grants and the last eighth are within the
/// size together, and each may use what it has without asking again. Half, so that several which write have equal grants after some
/// passes; one alone has had seven eighths of that room after three.
/// </para>
/// <para>
/// Nobody else knows how much of a grant is used. A pass counts it whole, also beside the files that were written into it: when that is
/// more than there may be, no instance begins its share of the last eighth anew, until the holder has made a pass again, which he does
/// before his grant is over. Nothing is removed for it.
/// </para>
/// <para>
/// A grant ends by itself, so that a holder who is dead keeps room from others for a while only. He stops before others stop counting it:
/// a pass which does not count it finds every file that was written into it.
/// </para>
/// </remarks>
/// <param name="Instance">Whose it is.</param>
/// <param name="Bytes">How much.</param>
/// <param name="EndsAtNs">Until when others count it, by the server's clock.</param>
internal readonly record struct RoomGrant(string Instance, long Bytes, long EndsAtNs)
{
    /// <summary>How long its holder writes into it: some passes of one who writes much. Arbitrary.</summary>
    public static readonly TimeSpan UsedFor = TimeSpan.FromSeconds(3);

    /// <summary>When its holder makes the next pass at the latest: it ends before the grant does, mostly.</summary>
    public static readonly TimeSpan LookedAtAfter = UsedFor * 2 / 3;

    /// <summary>How many there are at most; who comes later has his share of the last eighth alone. Arbitrary.</summary>
    public const int Most = 32;

    // Beyond its use: what two instances disagree about the time, and what a file that was begun takes to be there on a slow server.
    private const long CountedForNs = 10_000_000_000;

    /// <summary>The grant of an instance that has made a pass.</summary>
    public static RoomGrant For(string instance, long bytes, long nowNs) => new(instance, bytes, nowNs + CountedForNs);

    /// <summary>Whether a pass that began then has to count it. One of the far future is of a clock that was set back since.</summary>
    public bool CountsAt(long nowNs) => EndsAtNs - nowNs is > 0 and <= 2 * CountedForNs;
}
