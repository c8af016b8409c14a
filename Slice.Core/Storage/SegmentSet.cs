namespace Slice.Core.Storage;

/// <summary>
/// The segments of a store: where extents come from, how the store grows by one more step, and how it begins anew when the files were
/// removed under it. Shares the store's lock; what needs it held says so in its name. Thread-safe otherwise.
/// </summary>
/// <param name="store">The store that the segments belong to.</param>
/// <param name="storeLock">The store's lock, which guards the extents of every segment.</param>
/// <param name="time">The clock.</param>
internal sealed class SegmentSet(SliceStore store, Lock storeLock, TimeProvider time) : IDisposable
{
    // A step begins before the last one is used up, so that nobody waits for it; a device takes longer to write so much. Arbitrary.
    private const int AheadBytes = StoreLayout.StepBytes / 4;

    private SegmentFile[] _segments = [];

    // The room of each segment, or more: a byte each, so that one of ten thousand segments is found in a fraction of a microsecond. To ask
    // each of them took 30 µs under the store's lock, for each slice.
    private byte[] _rooms = [];
    private CacheDirectory? _directory;
    private long _bytes;
    private bool _isBeginningAnew;
    private bool _isDisposed;
    private Task<bool>? _growth;

    /// <summary>Bytes of the segments.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether the disk has had room each time the store was to grow.</summary>
    public DiskUse Growth { get; } = new(time);

    /// <summary>Whether every segment still stands where it was made.</summary>
    public bool AreInPlace => Array.TrueForAll(_segments, segment => segment.IsInPlace);

    /// <summary>Whether an extent that becomes free can be used again: not in a segment that was cut short.</summary>
    public bool GiveRoomAgain => Array.Exists(_segments, segment => !segment.WasCutShort);

    /// <summary>The segment of this number; null when there is none.</summary>
    public SegmentFile? At(int index) => index < _segments.Length ? _segments[index] : null;

    /// <summary>Takes an extent out of the first segment that has one; null when none has.</summary>
    public StoredSlice? TryAllocateUnsynchronized(int lengthBytes)
    {
        byte wanted = ExtentAllocator.RoomFor(lengthBytes);
        for (int index = NextWithRoom(0, wanted); index >= 0; index = NextWithRoom(index + 1, wanted))
        {
            var segment = _segments[index];
            if (segment.WasCutShort)
            {
                continue;
            }

            bool isTaken = segment.Extents.TryAllocate(lengthBytes, out int offsetBytes);
            _rooms[index] = segment.Extents.Room;
            if (isTaken)
            {
                if (segment.CanGrow && segment == _segments[^1] && segment.Extents.FreeBytes < AheadBytes)
                {
                    StartGrowthUnsynchronized();
                }

                return new StoredSlice(segment, offsetBytes, lengthBytes);
            }
        }

        return null;
    }

    /// <summary>Gives back the extent of a slice, also one of a segment that is not, or no longer, in the set.</summary>
    public void FreeUnsynchronized(StoredSlice slice)
    {
        var segment = slice.Segment;
        segment.Extents.Free(slice.OffsetBytes, slice.LengthBytes);
        if (At(segment.Index) == segment)
        {
            _rooms[segment.Index] = segment.Extents.Room;
        }
    }

    /// <summary>
    /// Begins to grow by a step, or joins whoever is at it; the task says whether the store has grown. Null when it is not to grow.
    /// </summary>
    public Task<bool>? StartGrowthUnsynchronized()
    {
        if (_growth is { IsCompleted: false })
        {
            return _growth;
        }

        if (_isBeginningAnew || _isDisposed || !Growth.MayTry || StoreLayout.NextSegmentBytes(_bytes, store.CapacityBytes) == 0)
        {
            return null;
        }

        // Preallocation can take the disk a while: not under the lock, and not on the caller's thread.
        return _growth = Task.Run(TryGrow);
    }

    /// <summary>Makes the first segment of a store in memory.</summary>
    /// <exception cref="IOException">The kernel gives no memory file.</exception>
    public void MakeFirst() => Grow();

    /// <summary>
    /// Makes the first segment in a directory, before it is one of the store's: as much of a step as the disk has room for.
    /// </summary>
    /// <exception cref="IOException">The disk has not even <see cref="StoreLayout.LeastBytes"/> to spare, is full or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory may not be written.</exception>
    public static SegmentFile CreateFirst(SliceStore store, CacheDirectory directory, long capacityBytes)
    {
        int lengthBytes = StoreLayout.NextSegmentBytes(0, capacityBytes);
        int fileBytes = StoreLayout.NextFileBytes(0, lengthBytes, 0, capacityBytes);
        int roomBytes = directory.RoomFor(fileBytes, Math.Min(fileBytes, StoreLayout.LeastBytes));
        fileBytes = roomBytes - (roomBytes % ExtentAllocator.UnitBytes);
        return SegmentFile.CreateOnDisk(store, index: 0, directory.SegmentPath(0), lengthBytes, fileBytes);
    }

    /// <summary>Adds a segment that is there already.</summary>
    public void Add(SegmentFile segment)
    {
        lock (storeLock)
        {
            _segments = [.. _segments, segment];
            _rooms = [.. _rooms, segment.Extents.Room];
            _bytes += segment.FileBytes;
        }
    }

    /// <summary>
    /// Begins anew in an empty directory: what is leased keeps its old segment, which is closed with the last lease, and its blocks then
    /// go back to the disk. Called by one thread at a time.
    /// </summary>
    /// <param name="forgetTenants">Ends every tenant; called when no extent comes out of the old segments any more.</param>
    /// <exception cref="IOException">The directory cannot be made; to be called again later.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission; to be called again later.</exception>
    public void BeginAnew(Action forgetTenants)
    {
        // The file that is just being made would be the first segment of the old directory.
        PauseGrowth();
        Abandon();
        forgetTenants();
        _directory!.Renew();
        lock (storeLock)
        {
            _isBeginningAnew = false;
        }
    }

    /// <summary>
    /// Makes no segment until <see cref="MoveTo"/> or the end of <see cref="BeginAnew"/>. Waits for the one that is just being made.
    /// </summary>
    public void PauseGrowth()
    {
        Task<bool>? growth;
        lock (storeLock)
        {
            _isBeginningAnew = true;
            growth = _growth;
        }

        growth?.Wait();
    }

    /// <summary>
    /// Gives up all segments: nothing new goes into them, and each is closed with the last lease on an extent of it.
    /// </summary>
    /// <returns>Those without one, for the caller to dispose without the lock.</returns>
    public List<SegmentFile> AbandonUnsynchronized()
    {
        List<SegmentFile> unused = [];
        foreach (var segment in _segments)
        {
            segment.IsAbandoned = true;
            if (segment.Extents.IsAllFree)
            {
                unused.Add(segment);
            }
        }

        _segments = [];
        _rooms = [];
        _bytes = 0;
        return unused;
    }

    /// <summary>
    /// Goes on in a directory, after <see cref="PauseGrowth"/> and <see cref="AbandonUnsynchronized"/>. The set does not dispose it.
    /// </summary>
    public void MoveTo(CacheDirectory directory, SegmentFile[] segments)
    {
        lock (storeLock)
        {
            _directory = directory;
            _segments = segments;
            _rooms = [.. segments.Select(segment => segment.Extents.Room)];
            _bytes = segments.Sum(segment => (long)segment.FileBytes);
            _isBeginningAnew = false;
        }
    }

    /// <summary>Makes no segment any more. Waits for the one that is just being made.</summary>
    public void StopGrowth()
    {
        Task<bool>? growth;
        lock (storeLock)
        {
            _isDisposed = true;
            growth = _growth;
        }

        // It must not appear in a directory that the next process has locked by then.
        growth?.Wait();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        StopGrowth();
        Close();
    }

    // Below 0 when there is none from here on.
    private int NextWithRoom(int from, byte wanted)
    {
        int found = _rooms.AsSpan(from).IndexOfAnyInRange(wanted, byte.MaxValue);
        return found < 0 ? -1 : from + found;
    }

    private void Abandon()
    {
        List<SegmentFile> unused;
        lock (storeLock)
        {
            unused = AbandonUnsynchronized();
        }

        foreach (IDisposable segment in unused)
        {
            segment.Dispose();
        }
    }

    private bool TryGrow()
    {
        try
        {
            Grow();
            Growth.Succeeded();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The disk is smaller than cache_size: what is there is used.
            Growth.Failed(error);
            return false;
        }
    }

    private void Grow()
    {
        int lengthBytes = StoreLayout.NextSegmentBytes(_bytes, store.CapacityBytes);
        int index = _segments.Length;
        if (_directory is not { } directory)
        {
            // Sparse: memory is taken as it is written.
            Add(SegmentFile.CreateInMemory(store, index, lengthBytes));
        }
        else if (index > 0 && _segments[^1] is { CanGrow: true } last)
        {
            GrowLast(last, directory);
        }
        else if (index == 0)
        {
            Add(CreateFirst(store, directory, store.CapacityBytes));
        }
        else
        {
            int fileBytes = StoreLayout.NextFileBytes(0, lengthBytes, _bytes, store.CapacityBytes);
            directory.RoomFor(fileBytes, fileBytes);
            Add(SegmentFile.CreateOnDisk(store, index, directory.SegmentPath(index), lengthBytes, fileBytes));
        }
    }

    // First the file, then the extents in it, then the records that name them: a crash in between leaves a file that is too long.
    private void GrowLast(SegmentFile last, CacheDirectory cacheDirectory)
    {
        int fileBytes = StoreLayout.NextFileBytes(last.FileBytes, last.LengthBytes, _bytes, store.CapacityBytes);
        int addedBytes = fileBytes - last.FileBytes;
        cacheDirectory.RoomFor(addedBytes, addedBytes);
        last.Grow(fileBytes);
        lock (storeLock)
        {
            last.Extents.Open(fileBytes);
            _rooms[last.Index] = last.Extents.Room;
            _bytes += addedBytes;
        }
    }

    private void Close()
    {
        foreach (IDisposable segment in _segments)
        {
            segment.Dispose();
        }
    }
}
