namespace Slice.Core.Storage;

/// <summary>
/// Slices in the order in which they came, linked through <see cref="StoredSlice.Next"/>. Not thread-safe; the store calls it under its
/// lock. Every operation is of constant cost, spread over calls.
/// </summary>
/// <remarks>
/// A link back would cost eight bytes per slice and serve only removal from the middle. Instead a removed slice stays linked, as
/// <see cref="SliceQueue.Leaving"/>, until it is met: at the old end, or by a hand that each removal moves on by
/// <see cref="SweptPerRemoval"/> slices. As many removals as half of what is linked carry the hand once around, so those that are leaving
/// are never many more than those that stay.
/// </remarks>
/// <param name="name">Which of the queues it is.</param>
internal sealed class FifoQueue(SliceQueue name)
{
    private const int SweptPerRemoval = 2;

    private StoredSlice? _oldest;
    private StoredSlice? _newest;

    // The slice behind which the sweep goes on; null for the old end.
    private StoredSlice? _hand;

    /// <summary>Slices queued.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of their extents.</summary>
    public long Bytes { get; private set; }

    /// <summary>The slice at the old end; null when there is none.</summary>
    public StoredSlice? Oldest
    {
        get
        {
            while (_oldest is { Queue: SliceQueue.Leaving } gone)
            {
                Unlink(gone, behind: null);
                gone.Queue = SliceQueue.None;
            }

            return _oldest;
        }
    }

    /// <summary>Puts a slice at the young end.</summary>
    public void Add(StoredSlice slice)
    {
        slice.Queue = name;
        Link(slice);
        Count++;
        Bytes += slice.ExtentBytes;
    }

    /// <summary>
    /// Puts the slice at the old end at the young one; there is one. It is in the queue all the time, also for those who look at
    /// <see cref="StoredSlice.Queue"/> without the store's lock, as the journal does.
    /// </summary>
    public void Rotate()
    {
        var slice = Oldest!;
        Unlink(slice, behind: null);
        Link(slice);
    }

    /// <summary>Takes the slice at the old end; null when there is none.</summary>
    public StoredSlice? TakeOldest()
    {
        var slice = Oldest;
        if (slice is not null)
        {
            Unlink(slice, behind: null);
            slice.Queue = SliceQueue.None;
            Forget(slice);
        }

        return slice;
    }

    /// <summary>Takes a slice of this queue out, wherever it stands.</summary>
    public void Remove(StoredSlice slice)
    {
        Forget(slice);
        slice.Queue = SliceQueue.Leaving;
        for (int looks = 0; looks < SweptPerRemoval; looks++)
        {
            Sweep();
        }
    }

    private void Link(StoredSlice slice)
    {
        slice.Next = null;
        if (_newest is null)
        {
            _oldest = slice;
        }
        else
        {
            _newest.Next = slice;
        }

        _newest = slice;
    }

    private void Forget(StoredSlice slice)
    {
        Count--;
        Bytes -= slice.ExtentBytes;
    }

    private void Sweep()
    {
        var candidate = _hand is null ? _oldest : _hand.Next;
        if (candidate is { Queue: SliceQueue.Leaving })
        {
            Unlink(candidate, _hand);
            candidate.Queue = SliceQueue.None;
        }
        else
        {
            _hand = candidate;
        }
    }

    private void Unlink(StoredSlice slice, StoredSlice? behind)
    {
        if (behind is null)
        {
            _oldest = slice.Next;
        }
        else
        {
            behind.Next = slice.Next;
        }

        if (_newest == slice)
        {
            _newest = behind;
        }

        if (_hand == slice)
        {
            _hand = behind;
        }

        slice.Next = null;
    }
}
