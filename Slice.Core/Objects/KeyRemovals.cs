using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// What was removed on somebody's behest, key by key and by the purges of many objects, so that an answer that was asked for before is
/// known to be too old (B52). Thread-safe.
/// </summary>
/// <param name="purges">The purges of many objects.</param>
internal sealed class KeyRemovals(PurgesInForce purges)
{
    private readonly RecentRemovals _removals = new();
    private readonly RecentRemovals _expirations = new();

    /// <summary>Counts a removal of a key, before what is stored is taken out.</summary>
    public void CountRemoval(ReadOnlySpan<byte> key) => _removals.Add(HashOf(key));

    /// <summary>Counts a soft purge of a key, before what is stored is made stale.</summary>
    public void CountExpiration(ReadOnlySpan<byte> key) => _expirations.Add(HashOf(key));

    /// <summary>What a key has seen so far.</summary>
    public RemovalMark MarkOf(ReadOnlySpan<byte> key)
    {
        int hash = HashOf(key);
        return new RemovalMark(_removals.CountOf(hash), _expirations.CountOf(hash), purges.Latest);
    }

    /// <summary>Whether an answer for a key that was asked for at one moment may be too old for who asks at another.</summary>
    public bool IsOutdated(ReadOnlySpan<byte> key, RemovalMark earlier, RemovalMark now)
    {
        int hash = HashOf(key);
        return (unchecked(now.Removals - earlier.Removals) > 0 && _removals.MayHaveSince(hash, earlier.Removals))
            || (unchecked(now.Expirations - earlier.Expirations) > 0 && _expirations.MayHaveSince(hash, earlier.Expirations))
            || purges.MayCover(key, earlier.Purges, now.Purges);
    }

    /// <summary>What was done to a key alone means for an answer that was asked for before.</summary>
    public PurgeVerdict JudgeKey(ReadOnlySpan<byte> key, RemovalMark asked)
    {
        int hash = HashOf(key);
        return _removals.MayHaveSince(hash, asked.Removals) ? PurgeVerdict.Goes
            : _expirations.MayHaveSince(hash, asked.Expirations) ? PurgeVerdict.Expires
            : PurgeVerdict.Stays;
    }

    /// <summary>The same, with the purges of many objects.</summary>
    public PurgeVerdict Judge(ReadOnlySpan<byte> key, CacheTags? tags, RemovalMark asked)
    {
        var ofKey = JudgeKey(key, asked);
        var ofMany = purges.List.Judge(key, tags, asked.Purges, out _);
        return ofKey > ofMany ? ofKey : ofMany;
    }

    private static int HashOf(ReadOnlySpan<byte> key) => CacheKeyComparer.HashOf(KeyFields.ResourceOf(key));
}
