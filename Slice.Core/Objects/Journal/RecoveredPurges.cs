using Slice.Core.Caching;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// The purges of many objects that an index tells of, while it is read: those that not all objects were held against when the process
/// before ended. Not thread-safe.
/// </summary>
/// <remarks>
/// A purge is for the objects that were written before it: an object that was asked for before the purge is not written after it
/// (<see cref="IndexJournal"/>). Numbers begin anew with each process, so the place in the index counts.
/// </remarks>
internal sealed class RecoveredPurges
{
    private readonly List<(long Place, Purge Purge)> _open = [];

    /// <summary>How many purges were read so far: the place of an object that is read now.</summary>
    public long Place { get; private set; }

    /// <summary>Whether there is none that an object must be held against.</summary>
    public bool AreDone => _open.Count == 0;

    /// <summary>A purge was read.</summary>
    public void Add(Purge purge) => _open.Add((++Place, purge));

    /// <summary>All objects were held against the purges up to a number.</summary>
    public void Sweep(long number) => _open.RemoveAll(open => open.Purge.Number <= number);

    /// <summary>What the purges behind the place of an object mean for the object.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="place">Its place.</param>
    /// <param name="by">The purge that says so; null when there is none.</param>
    public PurgeVerdict Judge(ReadOnlySpan<byte> key, CacheTags? tags, long place, out Purge? by)
    {
        by = null;
        foreach (var (behind, purge) in _open)
        {
            if (behind <= place || !purge.Covers(key, tags))
            {
                continue;
            }

            by = purge;
            if (!purge.IsSoft)
            {
                return PurgeVerdict.Goes;
            }
        }

        return by is null ? PurgeVerdict.Stays : PurgeVerdict.Expires;
    }
}
