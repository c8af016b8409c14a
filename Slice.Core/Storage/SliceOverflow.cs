namespace Slice.Core.Storage;

/// <summary>
/// Memory for slices that the store cannot keep, because the disk refuses writes or everything that could go is being sent: clients that
/// want the same slice still find it, and the origin gives its bytes once. Bounded, and of no life beyond the process. Shares the store's
/// lock; what needs it held says so in its name. Thread-safe otherwise.
/// </summary>
/// <remarks>
/// <para>
/// Its segment is made when first needed. A slice in it is transient (<see cref="StoredSlice.IsTransient"/>): it belongs to its tenant like
/// any other, but no journal hears of it, it counts neither in <see cref="SliceStore.UsedBytes"/> nor in
/// <see cref="SliceStore.SliceCount"/>, and it goes in the order in which it came, when others need the room.
/// </para>
/// <para>
/// Once nothing has come for <see cref="s_keptFor"/>, transient slices go, and with the last one the segment: what a trouble of a minute
/// has left in memory must not stay there for ever. While the disk has just refused a write they stay: nothing else has them.
/// </para>
/// </remarks>
/// <param name="store">The store whose overflow it is.</param>
/// <param name="storeLock">The store's lock.</param>
/// <param name="tenants">Whose slices they are.</param>
/// <param name="maxBytes">Most bytes it takes, 0 for no overflow to <see cref="StoreLayout.MaxSegmentBytes"/>.</param>
/// <param name="time">The clock.</param>
internal sealed class SliceOverflow(SliceStore store, Lock storeLock, TenantTable tenants, int maxBytes, TimeProvider time) : IDisposable
{
    // Slices that are passed over for one victim because they are being sent, and victims for one reservation: 64 MiB have a thousand
    // slices of 64 KiB. Arbitrary.
    private const int MaxLooks = 1024;

    // A client that came while the store took nothing may be behind by so much, and wants what others have fetched. Arbitrary.
    private static readonly TimeSpan s_keptFor = TimeSpan.FromSeconds(30);

    private readonly FifoQueue _queue = new(SliceQueue.Overflow);
    private SegmentFile? _segment;
    private ITimer? _relief;
    private long _usedBytes;
    private long _neededAt;
    private bool _isDisposed;

    /// <summary>Bytes in extents that are stored or being filled.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Whether its segment is there.</summary>
    public bool IsThere => Volatile.Read(ref _segment) is not null;

    /// <summary>Slices that are stored in it.</summary>
    private int Count
    {
        get
        {
            lock (storeLock)
            {
                return _queue.Count;
            }
        }
    }

    /// <summary>
    /// Room for one slice, with one lease; null when everything in it is being sent or filled, or the kernel gives no memory file.
    /// </summary>
    public StoredSlice? TryAllocate(int lengthBytes)
    {
        if (ExtentAllocator.RoundUp(lengthBytes) > maxBytes)
        {
            return null;
        }

        for (int evicted = 0; evicted < MaxLooks; evicted++)
        {
            StoredSlice? victim;
            ISliceTenant? owner;
            bool isThere;
            lock (storeLock)
            {
                if (TryAllocateUnsynchronized(lengthBytes) is { } slice)
                {
                    return slice;
                }

                // Not there: never made, or just let go by another thread, for which the store works again.
                isThere = _segment is not null;
                victim = TakeVictimUnsynchronized();
                owner = victim is null ? null : tenants.OwnerOf(victim);
            }

            if (victim is not null)
            {
                tenants.Evict(victim, owner);
            }
            else if (isThere || !TryCreate())
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>Queues a slice that has just been indexed.</summary>
    public void AddUnsynchronized(StoredSlice slice) => _queue.Add(slice);

    /// <summary>Takes a slice out of the queue, if it is there.</summary>
    public void RemoveUnsynchronized(StoredSlice slice)
    {
        if (slice.Queue == SliceQueue.Overflow)
        {
            _queue.Remove(slice);
        }
    }

    /// <summary>Takes an extent back.</summary>
    public void FreeUnsynchronized(StoredSlice slice)
    {
        slice.Segment.Extents.Free(slice.OffsetBytes, slice.LengthBytes);
        _usedBytes -= slice.ExtentBytes;
    }

    /// <summary>Gives the segment up when nothing of it is used; the caller disposes it, without the lock. Null otherwise.</summary>
    public SegmentFile? LetGoUnsynchronized()
    {
        var segment = _segment;
        if (segment is null || !segment.Extents.IsAllFree)
        {
            return null;
        }

        Volatile.Write(ref _segment, null);
        return segment;
    }

    /// <summary>Gives the segment up when nothing of it is used.</summary>
    public void LetGo()
    {
        SegmentFile? unused;
        lock (storeLock)
        {
            unused = LetGoUnsynchronized();
        }

        ((IDisposable?)unused)?.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        SegmentFile? segment;
        ITimer? relief;
        lock (storeLock)
        {
            _isDisposed = true;
            relief = _relief;
            segment = _segment;
            Volatile.Write(ref _segment, null);
        }

        relief?.Dispose();
        ((IDisposable?)segment)?.Dispose();
    }

    // By the timer, so with nobody waiting. One that finds nothing any more is the last.
    private void Relieve()
    {
        if (store.Writing.MayTry)
        {
            EvictUnused();
        }

        ITimer? relief = null;
        lock (storeLock)
        {
            if (_segment is null)
            {
                (relief, _relief) = (_relief, null);
            }
        }

        relief?.Dispose();
    }

    private void EvictUnused()
    {
        for (int left = Count; left >= 0; left--)
        {
            StoredSlice? victim;
            ISliceTenant? owner;
            SegmentFile? unused;
            lock (storeLock)
            {
                unused = LetGoUnsynchronized();
                bool isExpired = time.GetElapsedTime(_neededAt) >= s_keptFor;
                victim = isExpired ? TakeVictimUnsynchronized() : null;
                owner = victim is null ? null : tenants.OwnerOf(victim);
            }

            ((IDisposable?)unused)?.Dispose();
            if (victim is null)
            {
                return;
            }

            tenants.Evict(victim, owner);
        }
    }

    private StoredSlice? TryAllocateUnsynchronized(int lengthBytes)
    {
        if (_segment is not { } segment || !segment.Extents.TryAllocate(lengthBytes, out int offsetBytes))
        {
            return null;
        }

        var slice = new StoredSlice(segment, offsetBytes, lengthBytes);
        _usedBytes += slice.ExtentBytes;
        _neededAt = time.GetTimestamp();
        segment.LeaseTracker?.Taken(slice);
        return slice;
    }

    // The oldest slice that is not being sent; null when none was found.
    private StoredSlice? TakeVictimUnsynchronized()
    {
        for (int looks = Math.Min(_queue.Count, MaxLooks); looks > 0; looks--)
        {
            if (!_queue.Oldest!.IsInUse)
            {
                return _queue.TakeOldest();
            }

            _queue.Rotate();
        }

        return null;
    }

    // Asks the kernel, so not under the lock. Two threads may both do it: the second one's goes again. False when there is no segment
    // afterwards.
    private bool TryCreate()
    {
        SegmentFile created;
        try
        {
            created = SegmentFile.CreateTransient(store, maxBytes);
        }
        catch (IOException)
        {
            return false;
        }

        bool isOurs;
        lock (storeLock)
        {
            isOurs = _segment is null && !_isDisposed;
            if (isOurs)
            {
                Volatile.Write(ref _segment, created);
                _relief ??= time.CreateTimer(static self => ((SliceOverflow)self!).Relieve(), this, s_keptFor, s_keptFor);
            }
        }

        if (!isOurs)
        {
            ((IDisposable)created).Dispose();
        }

        return isOurs || IsThere;
    }
}
