namespace Slice.Core.Storage;

/// <summary>
/// First in, first out, with a second chance for what was used since it was queued. Not thread-safe; the store calls it under its
/// lock. Hits do not come here: they set <see cref="StoredSlice.WasUsed"/>.
/// </summary>
internal sealed class EvictionQueue
{
    private StoredSlice? _oldest;
    private StoredSlice? _newest;

    /// <summary>Slices queued.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a slice at the young end.</summary>
    public void Add(StoredSlice slice)
    {
        slice.IsQueued = true;
        slice.Older = _newest;
        slice.Newer = null;
        if (_newest is null)
        {
            _oldest = slice;
        }
        else
        {
            _newest.Newer = slice;
        }

        _newest = slice;
        Count++;
    }

    /// <summary>Takes a slice out wherever it stands; nothing happens when it is not queued.</summary>
    public void Remove(StoredSlice slice)
    {
        if (!slice.IsQueued)
        {
            return;
        }

        if (slice.Older is null)
        {
            _oldest = slice.Newer;
        }
        else
        {
            slice.Older.Newer = slice.Newer;
        }

        if (slice.Newer is null)
        {
            _newest = slice.Older;
        }
        else
        {
            slice.Newer.Older = slice.Older;
        }

        slice.IsQueued = false;
        slice.Older = null;
        slice.Newer = null;
        Count--;
    }

    /// <summary>
    /// Takes the next victim out of the queue; null when every slice is being sent. Looks at each slice at most twice: once to
    /// clear its mark, once to take it.
    /// </summary>
    public StoredSlice? TakeVictim()
    {
        for (int looks = 2 * Count; looks > 0; looks--)
        {
            var candidate = _oldest!;
            Remove(candidate);
            if (!candidate.IsInUse && !candidate.WasUsed)
            {
                return candidate;
            }

            candidate.WasUsed = false;
            Add(candidate);
        }

        return null;
    }
}
