using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// The part of a <see cref="Generation"/> that is about its stored response: which one it has now, and which purges that has seen.
/// Thread-safe.
/// </summary>
public abstract class GenerationHead
{
    private StoredResponse _response;
    private long _purgesSeen;
    private TierMark? _tierMark;
    private long _tierPurge = -1;
    private long _purgesAsked;
    private int _expirationsAsked;
    private volatile bool _isUntold;
    private volatile bool _isMarkWanted;

    /// <summary>A head with its first response.</summary>
    private protected GenerationHead(StoredResponse response)
    {
        _response = response;
        CompleteLength = response.CompleteLength;
    }

    /// <summary>Bytes of the representation.</summary>
    public long CompleteLength { get; }

    /// <summary>The stored response; replaced as a whole when a 304 freshens it.</summary>
    public StoredResponse Response => Volatile.Read(ref _response);

    /// <summary>
    /// Number of the last purge of many objects (<see cref="PurgesInForce"/>) that it was held against, or that came before it was asked
    /// for.
    /// </summary>
    internal long PurgesSeen
    {
        get => Volatile.Read(ref _purgesSeen);
        set => Volatile.Write(ref _purgesSeen, value);
    }

    /// <summary>
    /// Notes what its key had seen when the origin, or the shared tier, was asked for it, or about it. Of several the latest counts.
    /// </summary>
    internal void NoteAsked(RemovalMark asked)
    {
        if (unchecked(asked.Expirations - Volatile.Read(ref _expirationsAsked)) > 0)
        {
            Volatile.Write(ref _expirationsAsked, asked.Expirations);
        }

        if (asked.Purges > Volatile.Read(ref _purgesAsked))
        {
            Volatile.Write(ref _purgesAsked, asked.Purges);
        }
    }

    /// <summary>The same as of another one, which it takes the place of.</summary>
    internal void NoteAskedLike(GenerationHead other)
    {
        Volatile.Write(ref _expirationsAsked, Volatile.Read(ref other._expirationsAsked));
        Volatile.Write(ref _purgesAsked, Volatile.Read(ref other._purgesAsked));
    }

    /// <summary>
    /// Whether a soft purge tells that it was asked for later than an answer that was asked for at <paramref name="earlier"/>.
    /// </summary>
    internal bool WasAskedAfter(RemovalMark earlier) =>
        unchecked(Volatile.Read(ref _expirationsAsked) - earlier.Expirations) > 0 || Volatile.Read(ref _purgesAsked) > earlier.Purges;

    /// <summary>
    /// What the shared tier had seen when it was asked for, or validated last; null when no tier was asked, so that it is nothing for
    /// others.
    /// </summary>
    public TierMark? TierMark
    {
        get => Volatile.Read(ref _tierMark);
        internal set => Volatile.Write(ref _tierMark, value);
    }

    /// <summary>
    /// The number of the last purge of many objects that took away what had been there before it (0 for none), which is a part of its
    /// slices' names in the shared tier; null before it was needed. It stays: what is forgotten of purges gives no slice another name.
    /// </summary>
    internal long? TierPurge => Volatile.Read(ref _tierPurge) is >= 0 and var purge ? purge : null;

    /// <summary>Both, for a successor, or for what is written down.</summary>
    internal TierStamp TierStamp
    {
        get => new(TierMark, TierPurge);
        init => (_tierMark, _tierPurge) = (value.Mark, value.LastPurge ?? -1);
    }

    /// <summary>
    /// Whether it has the place of another version, and the instances that share the tier are still to be told: the tier does not get it
    /// before, as nobody would hear of the change if this process died in between.
    /// </summary>
    internal bool IsUntold
    {
        get => _isUntold;
        set => _isUntold = value;
    }

    /// <summary>
    /// Whether it is to be validated at its next use though it is fresh: the tier could not be asked when the origin was, so that the
    /// others get nothing of it before that.
    /// </summary>
    internal bool IsMarkWanted
    {
        get => _isMarkWanted && TierMark is null;
        set => _isMarkWanted = value;
    }

    /// <summary>Whether that was so until now; for one caller, but for two that come at once.</summary>
    internal bool TakeMarkWish()
    {
        if (!IsMarkWanted)
        {
            return false;
        }

        IsMarkWanted = false;
        return true;
    }

    /// <summary>
    /// Whether the tier has seen the same removals as when it was asked for: what the tier has is then the same for others. Also where the
    /// tier has lost the counter and counted nothing since: the news have told of removals. So it is with one that no tier was asked for,
    /// of before there was one, or of a time when it was away.
    /// </summary>
    internal bool HasSeenRemovals(TierMark now) => !now.HasCountedRemovals || TierMark?.Removals == now.Removals;

    /// <summary>Sets <see cref="TierPurge"/> once; returns what it is.</summary>
    internal long FixTierPurge(long purge)
    {
        long before = Interlocked.CompareExchange(ref _tierPurge, purge, -1);
        return before < 0 ? purge : before;
    }

    /// <summary>Replaces the stored response after a successful validation (RFC 9111 §4.3.4).</summary>
    public void Freshen(StoredResponse response)
    {
        TakeResponse(response);
        TellResponse();
    }

    /// <summary>Whether another generation is of another version: with other bytes, as far as validators tell.</summary>
    internal bool IsOtherVersion(GenerationHead other)
    {
        var (mine, theirs) = (Response, other.Response);
        return mine.Status != theirs.Status || !mine.MayCombine || !theirs.MayCombine || !mine.Validator.IsSameVersion(theirs.Validator);
    }

    /// <summary>
    /// Notes that it was held against the purges up to <paramref name="latest"/>; false when somebody else did meanwhile.
    /// </summary>
    internal bool TrySeePurges(long seen, long latest) => Interlocked.CompareExchange(ref _purgesSeen, latest, seen) == seen;

    /// <summary>Takes a response without telling anybody, behind a full fence: followed by <see cref="TellResponse"/>.</summary>
    internal void TakeResponse(StoredResponse response)
    {
        if (response.CompleteLength != CompleteLength)
        {
            throw new ArgumentException("A validation cannot change the length of a representation.", nameof(response));
        }

        Interlocked.Exchange(ref _response, response);
    }

    /// <summary>Makes its response stale by a soft purge without telling anybody: followed by <see cref="TellResponse"/>.</summary>
    internal void TakeExpired(Instant at)
    {
        StoredResponse response;
        do
        {
            response = Response;
        }
        while (Interlocked.CompareExchange(ref _response, response.Expired(at), response) != response);
    }

    /// <summary>Tells those who write it down, or count its memory, that it has another response.</summary>
    internal abstract void TellResponse();
}
