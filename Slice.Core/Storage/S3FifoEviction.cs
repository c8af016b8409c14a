namespace Slice.Core.Storage;

/// <summary>
/// Says which slice goes next: S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023). Not thread-safe; the
/// store calls it under its lock. Hits do not come here: they count in <see cref="StoredSlice.Uses"/>.
/// </summary>
/// <remarks>
/// A new slice goes to the small queue, a tenth of the bytes. At its end it moves on to the main queue when it was used twice since it
/// came; else it goes, and is remembered as a ghost. A slice whose ghost is met when it comes again goes to the main queue at once. At the
/// end of the main queue a slice that was used goes around again with one use less. So a large download that nobody repeats, the worst case
/// of LRU, passes through the small queue and displaces a tenth of the cache. Figures: <c>benchmarks/results</c>.
/// Slices of an old version that is still being sent are passed over: the rest of a response depends on them. But for one victim no more of
/// them than half of what is queued, so that slow readers of old versions never leave the new ones less than about half of the room.
/// </remarks>
/// <param name="identityOf">A number that names a slice, the same before and after an eviction; equal numbers only blur the choice.</param>
internal sealed class S3FifoEviction(Func<StoredSlice, ulong> identityOf)
{
    /// <summary>Uses that are counted; more say nothing more (two bits, as in the paper).</summary>
    public const int MaxUses = 3;

    // Both as in the paper.
    private const int SmallPercent = 10;
    private const int UsesToStay = 2;

    // Slices that are passed over for one victim, because they are being sent or were used. With every slice used three times it is four
    // rounds over the queue; a million of them under the store's lock would be felt. Arbitrary; some hundred microseconds.
    private const int MaxLooks = 4096;

    private readonly FifoQueue _small = new(SliceQueue.Small);
    private readonly FifoQueue _main = new(SliceQueue.Main);
    private readonly GhostTable _ghosts = new();
    private long _victims;
    private long _victimBytes;

    /// <summary>
    /// Told of a slice that has moved on to the main queue. Set once, before use; it is called where <see cref="TakeVictim"/> is.
    /// </summary>
    public Action<StoredSlice>? Promoted { get; init; }

    /// <summary>
    /// Whether a slice is of an old version that is still being sent. Set once, before use; null when there are no such slices.
    /// </summary>
    public Func<StoredSlice, bool>? IsHeld { get; init; }

    /// <summary>Victims since the start: may be read without the lock.</summary>
    public long Victims => Volatile.Read(ref _victims);

    /// <summary>Bytes of them: may be read without the lock.</summary>
    public long VictimBytes => Volatile.Read(ref _victimBytes);

    /// <summary>Slices queued.</summary>
    public int Count => _small.Count + _main.Count;

    /// <summary>Queues a slice that has just been stored.</summary>
    public void Add(StoredSlice slice)
    {
        _ghosts.EnsureCapacity(Count + 1);
        AddTo(_ghosts.Remove(identityOf(slice)) ? _main : _small, slice);
    }

    /// <summary>Queues a slice of an earlier run where it stood then, with the uses it had.</summary>
    public void Restore(StoredSlice slice, SliceQueue queue)
    {
        _ghosts.EnsureCapacity(Count + 1);
        (queue == SliceQueue.Main ? _main : _small).Add(slice);
    }

    /// <summary>Takes a slice out; false when it was not queued.</summary>
    public bool Remove(StoredSlice slice)
    {
        switch (slice.Queue)
        {
            case SliceQueue.Small:
                _small.Remove(slice);
                return true;
            case SliceQueue.Main:
                _main.Remove(slice);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Takes every slice out, whatever becomes of it.</summary>
    public List<StoredSlice> TakeAll()
    {
        List<StoredSlice> all = new(Count);
        while ((_small.TakeOldest() ?? _main.TakeOldest()) is { } slice)
        {
            all.Add(slice);
        }

        return all;
    }

    /// <summary>Takes the next victim out; null when none was found that is not being sent.</summary>
    public StoredSlice? TakeVictim()
    {
        int held = 0;
        for (int looks = 0; looks < MaxLooks; looks++)
        {
            // When one queue is all being sent, the other has its turn.
            bool hasLookedEnough = looks > MaxLooks / 2;
            bool isSmall = _main.Count == 0 || (_small.Count > 0 && (hasLookedEnough ? looks % 2 == 0 : IsSmallTooLarge));
            var queue = isSmall ? _small : _main;
            if (queue.Oldest is not { } slice)
            {
                return null;
            }

            if (slice.IsInUse)
            {
                queue.Rotate();
            }
            else if (!hasLookedEnough && held < Count / 2 && IsHeld?.Invoke(slice) == true)
            {
                held++;
                queue.Rotate();
            }
            else if (isSmall && slice.Uses >= UsesToStay && !hasLookedEnough)
            {
                queue.TakeOldest();
                AddTo(_main, slice);
                Promoted?.Invoke(slice);
            }
            else if (!isSmall && slice.Uses > 0 && !hasLookedEnough)
            {
                slice.Uses--;
                queue.Rotate();
            }
            else
            {
                queue.TakeOldest();
                if (isSmall)
                {
                    _ghosts.Add(identityOf(slice));
                }

                _victims++;
                _victimBytes += slice.LengthBytes;
                return slice;
            }
        }

        return null;
    }

    private bool IsSmallTooLarge => _small.Bytes * 100 > (_small.Bytes + _main.Bytes) * SmallPercent;

    private static void AddTo(FifoQueue queue, StoredSlice slice)
    {
        slice.Uses = 0;
        queue.Add(slice);
    }
}
