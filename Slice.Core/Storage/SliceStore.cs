namespace Slice.Core.Storage;

/// <summary>
/// Where slices live: segments cut into extents, in memory or on disk, up to a hard limit of bytes. Thread-safe.
/// </summary>
/// <remarks>
/// The store knows slices, not objects: which slice belongs to which object is the knowledge of its tenants (<see cref="ISliceTenant"/>).
/// One lock guards extents and the eviction queues; it is held for pointer work only, never across a system call or an await. Hits do not
/// take it. On disk, an <see cref="ISliceJournal"/> is told what is stored, so that the next start finds it. What the store cannot keep has
/// a bounded place in memory for a while (<see cref="SliceOverflow"/>).
/// </remarks>
public sealed class SliceStore : IDisposable
{
    /// <summary>
    /// Most bytes of memory, unless its maker says otherwise, for slices that the store cannot keep: six slices of the largest size, or a
    /// thousand of 64 KiB. Arbitrary.
    /// </summary>
    public const int DefaultOverflowBytes = 64 << 20;

    private readonly Lock _lock = new();
    private readonly TenantTable _tenants = new();
    private readonly S3FifoEviction _eviction;
    private readonly SegmentSet _segments;
    private readonly SliceOverflow _overflow;
    private readonly SliceRoom _room;
    private CacheDirectory? _directory;
    private ISliceJournal? _journal;
    private long _capacityBytes;
    private long _usedBytes;

    /// <summary>A store without segments.</summary>
    /// <param name="capacityBytes">Most bytes it will ever hold.</param>
    /// <param name="time">The clock.</param>
    /// <param name="overflowBytes">Most bytes of memory for slices that it cannot keep, 0 to 1 GiB.</param>
    /// <param name="leaseTracker">Told of every lease; null for none, or in DEBUG builds for one of its own.</param>
    internal SliceStore(long capacityBytes, TimeProvider time, int overflowBytes, LeaseTracker? leaseTracker = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(overflowBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(overflowBytes, StoreLayout.MaxSegmentBytes);
#if DEBUG
        leaseTracker ??= new LeaseTracker(static message => System.Diagnostics.Debug.WriteLine(message));
#endif
        LeaseTracker = leaseTracker;
        _eviction = new S3FifoEviction(IdentityOf) { Promoted = RecordUnsynchronized, IsHeld = _tenants.IsHeld };
        _capacityBytes = capacityBytes;
        Time = time;
        Writing = new DiskUse(time);
        _segments = new SegmentSet(this, _lock, time);
        _overflow = new SliceOverflow(this, _lock, _tenants, overflowBytes, time);
        _room = new SliceRoom(this, _lock, _segments, _eviction, _tenants, _overflow);
    }

    /// <summary>
    /// Most bytes of slices that it will hold where it is; the journal of one on disk has bytes of its own.
    /// </summary>
    public long CapacityBytes => Volatile.Read(ref _capacityBytes);

    /// <summary>Whether it is on disk, and survives the process.</summary>
    public bool IsPersistent => Volatile.Read(ref _journal) is not null;

    /// <summary>Bytes in extents that are stored or being filled, without those of the overflow.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>
    /// Bytes in extents of the overflow: in memory beyond <see cref="CapacityBytes"/>, for slices that the store cannot keep.
    /// </summary>
    public long OverflowBytes => _overflow.UsedBytes;

    /// <summary>
    /// Whether what is fetched now is not going to be kept: the disk has refused a write less than <see cref="DiskUse.Pause"/> ago, or
    /// there was no room for the last slice because everything that could go was being sent. A memory of what was tried last, which only
    /// the next reservation renews: who asks must go on reserving.
    /// </summary>
    public bool TakesNothing => _room.HasRefused || !Writing.MayTry;

    /// <summary>Slices that are stored and indexed, without those of the overflow.</summary>
    public int SliceCount
    {
        get
        {
            lock (_lock)
            {
                return _eviction.Count;
            }
        }
    }

    /// <summary>Slices that had to go for others since the start, without those of the overflow.</summary>
    public long EvictedSlices => _eviction.Victims;

    /// <summary>Bytes of them.</summary>
    public long EvictedBytes => _eviction.VictimBytes;

    /// <summary>Whether the disk takes writes.</summary>
    public DiskUse Writing { get; }

    /// <summary>Whether the disk has had room each time the store was to grow.</summary>
    public DiskUse Growth => _segments.Growth;

    /// <summary>Bytes of its segments: what it has taken of disk or memory so far, at most <see cref="CapacityBytes"/>.</summary>
    public long AllocatedBytes => _segments.Bytes;

    /// <summary>
    /// Called when the files of a store on disk were removed under it, and it has begun anew. Set once, before use; must not throw.
    /// </summary>
    public Action? HasBegunAnew { get; set; }

    /// <summary>
    /// Called when the journal of a store on disk has met what it did not expect, a fault of ours for instance; it begins again after a
    /// pause. Set once, before use; must not throw.
    /// </summary>
    public Action<Exception>? JournalFaulted { get; set; }

    /// <summary>Told of every lease and reservation; null in a Release build, unless a test has attached one.</summary>
    internal LeaseTracker? LeaseTracker { get; }

    /// <summary>
    /// Called at the end of a store on disk when its journal is written to the end, and the directory is held still. Set once; must not
    /// throw.
    /// </summary>
    internal Action? JournalEnded { get; set; }

    /// <summary>Its directory, once what was found there can be used; null in memory.</summary>
    internal CacheDirectory? Directory => Volatile.Read(ref _directory);

    /// <summary>Whether the process before had ended in order, so that all it had done was in the journal, and the journal on the device.
    /// </summary>
    internal bool WasClosed { get; set; }

    /// <summary>The clock.</summary>
    internal TimeProvider Time { get; }

    /// <summary>Is told what is stored; null in memory.</summary>
    internal ISliceJournal? Journal => _journal;

    /// <summary>
    /// What tries to move the store into a directory (<see cref="BeginMove"/>); disposed before everything else. Null when nothing does.
    /// </summary>
    internal IDisposable? Waiting { get; set; }

    /// <summary>Whether it is in memory until its directory can be had: what lies there is not known yet.</summary>
    public bool AwaitsDirectory => Waiting is not null && !IsPersistent;

    /// <summary>The segments.</summary>
    internal SegmentSet Segments => _segments;

    /// <summary>Called when eviction takes the last slice of a tenant. Set once, before use.</summary>
    internal Action<ISliceTenant>? TenantEmptied
    {
        set => _tenants.Emptied = value;
    }

    /// <summary>Where slices are that it cannot keep.</summary>
    internal SliceOverflow Overflow => _overflow;

    /// <summary>Whose slices it holds.</summary>
    internal TenantTable Tenants => _tenants;

    /// <summary>Whether the directory and the segments still stand where they were made; always in memory.</summary>
    internal bool AreFilesInPlace => _directory is not { IsInPlace: false } && _segments.AreInPlace;

    /// <summary>A store that forgets at exit.</summary>
    /// <param name="capacityBytes">Most bytes it will ever hold.</param>
    /// <param name="time">The clock.</param>
    /// <param name="overflowBytes">Most bytes beyond it for slices that it cannot keep because everything is being sent, 0 to 1
    /// GiB.</param>
    /// <exception cref="IOException">The kernel gives no memory file.</exception>
    public static SliceStore CreateInMemory(long capacityBytes, TimeProvider time, int overflowBytes = DefaultOverflowBytes) =>
        CreateInMemory(capacityBytes, time, overflowBytes, leaseTracker: null);

    /// <summary>The same, with a tracker of leases.</summary>
    internal static SliceStore CreateInMemory(long capacityBytes, TimeProvider time, int overflowBytes, LeaseTracker? leaseTracker)
    {
        var store = new SliceStore(capacityBytes, time, overflowBytes, leaseTracker);
        store._segments.MakeFirst();
        return store;
    }

    /// <summary>
    /// Room for one slice, leased to the caller; evicts what it must. When everything that could go is being sent, or the disk refuses, the
    /// room is in the overflow. Null when that is full of slices that are being sent or filled too: the caller serves without storing.
    /// </summary>
    /// <param name="lengthBytes">Bytes of the slice, 1 to 16 MiB less one.</param>
    public ValueTask<SliceReservation?> ReserveAsync(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        return _room.ReserveAsync(lengthBytes);
    }

    /// <summary>
    /// Waits until what has been done so far survives the end of the process, however it ends. False when the index cannot be written just
    /// now. At once in memory.
    /// </summary>
    public ValueTask<bool> FlushAsync() => _journal is null ? new(true) : _journal.FlushAsync();

    /// <inheritdoc/>
    public void Dispose()
    {
        Waiting?.Dispose();
        LeaseTracker?.ReportOutstanding();

        // First what may still write to the directory, then the lock on it.
        _segments.StopGrowth();
        _journal?.Dispose();
        if (_directory is not null)
        {
            JournalEnded?.Invoke();
        }

        _segments.Dispose();
        _overflow.Dispose();
        _directory?.Dispose();
    }

    /// <summary>
    /// Begins to move from memory into a directory: what lies in memory stays readable for those who have a lease, and nothing new is put
    /// there. Slices that come before <see cref="CompleteMove"/> go to the overflow. Once, by one thread; also for a store that has nothing
    /// yet.
    /// </summary>
    /// <param name="journal">Told of changes from now on; disposed with the store.</param>
    /// <returns>The slices in memory, out of their queues; <see cref="LeaveMemory"/> takes them from their tenants.</returns>
    internal List<StoredSlice> BeginMove(ISliceJournal journal)
    {
        _segments.PauseGrowth();
        List<StoredSlice> left;
        List<SegmentFile> unused;
        lock (_lock)
        {
            Volatile.Write(ref _journal, journal);
            left = _eviction.TakeAll();
            unused = _segments.AbandonUnsynchronized();
        }

        unused.ForEach(segment => ((IDisposable)segment).Dispose());

        // Thread A publishes a tenant: puts it into the index, then reads the journal. We write the journal, then read the index. With
        // every processor in step, one of the two sees the other: no tenant is missing in both.
        Interlocked.MemoryBarrierProcessWide();
        return left;
    }

    /// <summary>Goes on in the directory, which is disposed with the store.</summary>
    internal void CompleteMove(CacheDirectory directory, SegmentFile[] segments, long capacityBytes)
    {
        Volatile.Write(ref _directory, directory);
        Writing.Shown = Growth.Shown = directory.Shown;
        Volatile.Write(ref _capacityBytes, capacityBytes);
        _segments.MoveTo(directory, segments);
    }

    /// <summary>
    /// Takes the slices that a move has left in memory from their tenants; their memory goes with the last lease. An old version that is
    /// still being sent keeps them until then: the rest of a response depends on them.
    /// </summary>
    internal void LeaveMemory(List<StoredSlice> left)
    {
        foreach (var slice in left)
        {
            if (!_tenants.IsHeld(slice))
            {
                _tenants.Evict(slice, _tenants.OwnerOf(slice));
            }
        }
    }

    /// <summary>
    /// Begins anew in an empty directory: the files were removed, or others were put in their place. What was stored is forgotten, as
    /// nobody could find it again after a restart. Called by one thread at a time.
    /// </summary>
    /// <param name="forgetTenants">Ends every tenant.</param>
    /// <exception cref="IOException">The directory cannot be made; to be called again later.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission; to be called again later.</exception>
    internal void BeginAnew(Action forgetTenants)
    {
        _segments.BeginAnew(forgetTenants);
        HasBegunAnew?.Invoke();
    }

    /// <summary>
    /// Queues a slice that has just been indexed. False, and it does not belong there, when its segment was given up while it was filled.
    /// </summary>
    internal bool Admit(ISliceTenant tenant, StoredSlice slice)
    {
        lock (_lock)
        {
            if (slice.IsTransient)
            {
                _overflow.AddUnsynchronized(slice);
                return true;
            }

            if (slice.Segment.IsAbandoned)
            {
                return false;
            }

            _eviction.Add(slice);
            _journal?.SliceStored(tenant, slice);
            return true;
        }
    }

    /// <summary>Queues a slice of an earlier run. False when its place is not free, or not there.</summary>
    internal bool TryRestore(StoredSlice slice, SliceQueue queue)
    {
        lock (_lock)
        {
            if (!slice.Segment.Extents.TryTake(slice.OffsetBytes, slice.LengthBytes))
            {
                return false;
            }

            _usedBytes += slice.ExtentBytes;
            _eviction.Restore(slice, queue);
            return true;
        }
    }

    /// <summary>Takes a slice out of the queue only.</summary>
    internal void Unqueue(ISliceTenant tenant, StoredSlice slice)
    {
        lock (_lock)
        {
            if (slice.IsTransient)
            {
                _overflow.RemoveUnsynchronized(slice);
            }
            else if (_eviction.Remove(slice))
            {
                _journal?.SliceGone(tenant, slice.SliceIndex);
            }
        }
    }

    /// <summary>Takes a slice out of the queue and gives up the index's lease. The caller has taken it out of its tenant.</summary>
    internal void Drop(ISliceTenant tenant, StoredSlice slice)
    {
        Unqueue(tenant, slice);
        slice.Release();
    }

    /// <summary>A tenant can be found by other requests now.</summary>
    internal void Published(ISliceTenant tenant) => _journal?.TenantPublished(tenant);

    /// <summary>What is known of a tenant besides its slices was replaced.</summary>
    internal void Changed(ISliceTenant tenant) => _journal?.TenantChanged(tenant);

    /// <summary>A tenant has ended.</summary>
    internal void Ended(ISliceTenant tenant) => _journal?.TenantEnded(tenant);

    /// <summary>Counts an extent that was taken out of a segment.</summary>
    internal void TookUnsynchronized(StoredSlice slice)
    {
        _usedBytes += slice.ExtentBytes;
        LeaseTracker?.Taken(slice);
    }

    /// <summary>Returns the extent; called by the last lease.</summary>
    internal void Free(StoredSlice slice)
    {
        var segment = slice.Segment;
        SegmentFile? unused;
        lock (_lock)
        {
            if (slice.IsTransient)
            {
                // While the store takes nothing, the next slice would have to make the segment again.
                _overflow.FreeUnsynchronized(slice);
                unused = TakesNothing ? null : _overflow.LetGoUnsynchronized();
            }
            else
            {
                _segments.FreeUnsynchronized(slice);
                _usedBytes -= slice.ExtentBytes;
                unused = segment.IsAbandoned && segment.Extents.IsAllFree ? segment : null;
            }
        }

        ((IDisposable?)unused)?.Dispose();
    }

    // That a slice is read again and again is worth knowing after a crash too.
    private void RecordUnsynchronized(StoredSlice slice)
    {
        if (_tenants.OwnerOf(slice) is { } tenant)
        {
            _journal?.SliceStored(tenant, slice);
        }
    }

    private ulong IdentityOf(StoredSlice slice) => _tenants.OwnerOf(slice)?.IdentityOf(slice.SliceIndex) ?? slice.TenantId;
}
