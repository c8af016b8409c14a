using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>The last purges of many objects, in order; their numbers have no gaps. Immutable.</summary>
internal sealed class PurgeList
{
    private readonly Purge[] _oldestFirst;

    private PurgeList(Purge[] oldestFirst, long forgotten) => (_oldestFirst, Forgotten) = (oldestFirst, forgotten);

    /// <summary>No purge.</summary>
    public static PurgeList Empty { get; } = new([], forgotten: 0);

    /// <summary>Number of the last purge; 0 when there was none.</summary>
    public long Latest => Forgotten + _oldestFirst.Length;

    /// <summary>Number of the last purge that is not in the list any more; 0 when there is none.</summary>
    public long Forgotten { get; }

    /// <summary>How many there are.</summary>
    public int Count => _oldestFirst.Length;

    /// <summary>The oldest.</summary>
    public Purge Oldest => _oldestFirst[0];

    /// <summary>With one more at its end, and without the oldest when that is wanted.</summary>
    public PurgeList With(Purge added, bool withoutOldest) =>
        withoutOldest ? new([.. _oldestFirst.AsSpan(1), added], Forgotten + 1) : new([.. _oldestFirst, added], Forgotten);

    /// <summary>Those behind a number.</summary>
    public ReadOnlySpan<Purge> Since(long number) => _oldestFirst.AsSpan((int)Math.Clamp(number - Forgotten, 0, _oldestFirst.Length));

    /// <summary>What the purges behind a number mean for an object.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="since">The number of the last purge before the object was asked for.</param>
    /// <param name="by">The first purge that says so; null when it is forgotten, or there is none.</param>
    public PurgeVerdict Judge(ReadOnlySpan<byte> key, CacheTags? tags, long since, out Purge? by)
    {
        by = null;
        if (since < Forgotten)
        {
            // Asked for before purges of which nothing is known any more: one of them may have been for it.
            return PurgeVerdict.Goes;
        }

        foreach (var purge in Since(since))
        {
            if (!purge.Covers(key, tags))
            {
                continue;
            }

            if (!purge.IsSoft)
            {
                by = purge;
                return PurgeVerdict.Goes;
            }

            by ??= purge;
        }

        return by is null ? PurgeVerdict.Stays : PurgeVerdict.Expires;
    }
}
