using Slice.Core.Caching;

namespace Slice.Core.Storage;

/// <summary>
/// Where slices live: segments cut into extents, in memory or on disk, up to a hard limit of bytes. Thread-safe.
/// </summary>
/// <remarks>
/// The store knows slices, not objects: which slice belongs to which object is the <see cref="Generation"/>'s knowledge. One lock
/// guards extents and the eviction queue; it is held for pointer work only, never across a system call or an await. Hits do not
/// take it.
/// </remarks>
public sealed class SliceStore : IDisposable
{
    /// <summary>Pause after the disk refused another segment, before it is asked again. Arbitrary; long against the cost of asking.</summary>
    private static readonly TimeSpan s_growthPause = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<SegmentFile> _segments = [];
    private readonly EvictionQueue _evictionQueue = new();
    private readonly string? _directory;
    private readonly FileStream? _directoryLock;
    private readonly TimeProvider _time;
    private long _segmentBytes;
    private long _growthFailedAt;
    private bool _hasGrowthFailed;
    private bool _isDisposed;
    private long _usedBytes;
    private Task<bool>? _growth;

    private SliceStore(long capacityBytes, string? directory, FileStream? directoryLock, TimeProvider time)
    {
        _time = time;
        CapacityBytes = capacityBytes;
        _directory = directory;
        _directoryLock = directoryLock;
    }

    /// <summary>Most bytes it will ever hold.</summary>
    public long CapacityBytes { get; }

    /// <summary>Bytes in extents that are stored or being filled.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Slices that are stored and indexed.</summary>
    public int SliceCount
    {
        get
        {
            lock (_lock)
            {
                return _evictionQueue.Count;
            }
        }
    }

    /// <summary>Called when eviction takes the last slice of a generation. Set once, before use.</summary>
    internal Action<Generation>? GenerationEmptied { get; set; }

    /// <summary>A store that forgets at exit.</summary>
    /// <exception cref="IOException">The kernel gives no memory file.</exception>
    public static SliceStore CreateInMemory(long capacityBytes, TimeProvider time)
    {
        var store = new SliceStore(capacityBytes, directory: null, directoryLock: null, time);
        store.AddSegment();
        return store;
    }

    /// <summary>
    /// A store in <paramref name="directory"/>, which is created when missing and locked against other processes. Segments of an
    /// earlier run are removed: there is no index yet that says what they hold.
    /// </summary>
    /// <exception cref="IOException">The directory is in use, full, or cannot be written; the message names it.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission; the message names the path.</exception>
    public static SliceStore CreateOnDisk(string directory, long capacityBytes, TimeProvider time)
    {
        Directory.CreateDirectory(directory);
        var directoryLock = LockDirectory(directory);
        try
        {
            foreach (string path in StoreLayout.FindSegments(directory))
            {
                File.Delete(path);
            }

            var store = new SliceStore(capacityBytes, directory, directoryLock, time);
            store.AddSegment();
            return store;
        }
        catch
        {
            directoryLock.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Room for one slice, leased to the caller; evicts what it must. Null when everything that could go is being sent, or the
    /// disk gives no more: the caller serves without storing.
    /// </summary>
    public ValueTask<StoredSlice?> ReserveAsync(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(lengthBytes);
        Task<bool>? growth;
        lock (_lock)
        {
            if (TryAllocateLocked(lengthBytes) is { } slice)
            {
                return new(slice);
            }

            growth = StartGrowthLocked();
        }

        return growth is null ? new(ReserveByEviction(lengthBytes)) : ReserveAfterGrowthAsync(lengthBytes, growth);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Task<bool>? growth;
        lock (_lock)
        {
            _isDisposed = true;
            growth = _growth;
        }

        // A segment that is just being made must not appear in a directory that the next process has locked by then.
        growth?.Wait();
        _directoryLock?.Dispose();
        foreach (var segment in _segments)
        {
            ((IDisposable)segment).Dispose();
        }
    }

    /// <summary>Queues a slice that has just been indexed.</summary>
    internal void Admit(StoredSlice slice)
    {
        lock (_lock)
        {
            _evictionQueue.Add(slice);
        }
    }

    /// <summary>Takes a slice out of the queue only.</summary>
    internal void Unqueue(StoredSlice slice)
    {
        lock (_lock)
        {
            _evictionQueue.Remove(slice);
        }
    }

    /// <summary>Takes a slice out of the queue and gives up the index's lease. The caller has taken it out of its generation.</summary>
    internal void Drop(StoredSlice slice)
    {
        Unqueue(slice);
        slice.Release();
    }

    /// <summary>Returns the extent; called by the last lease.</summary>
    internal void Free(StoredSlice slice)
    {
        lock (_lock)
        {
            slice.Segment.Extents.Free(slice.OffsetBytes, slice.LengthBytes);
            _usedBytes -= ExtentAllocator.RoundUp(slice.LengthBytes);
        }
    }

    private static FileStream LockDirectory(string directory)
    {
        string path = Path.Combine(directory, StoreLayout.LockFileName);
        try
        {
            // FileShare.None is flock(2) with LOCK_EX on Linux: gone with the process, however it ends.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error)
        {
            throw new IOException($"cache directory {directory} is in use by another process or cannot be locked: {error.Message}", error);
        }
    }

    private async ValueTask<StoredSlice?> ReserveAfterGrowthAsync(int lengthBytes, Task<bool> growth)
    {
        if (await growth)
        {
            lock (_lock)
            {
                if (TryAllocateLocked(lengthBytes) is { } slice)
                {
                    return slice;
                }
            }
        }

        return ReserveByEviction(lengthBytes);
    }

    private StoredSlice? ReserveByEviction(int lengthBytes)
    {
        while (true)
        {
            StoredSlice? victim;
            lock (_lock)
            {
                if (TryAllocateLocked(lengthBytes) is { } slice)
                {
                    return slice;
                }

                victim = _evictionQueue.TakeVictim();
            }

            if (victim is null)
            {
                return null;
            }

            // Outside the lock: the generation clears its slot first, so that no new reader finds the slice, then the index's lease
            // goes. A reader that got a lease in between keeps the extent alive until it is done; the loop then takes another victim.
            var generation = victim.Generation!;
            if (generation.Forget(victim))
            {
                victim.Release();
                if (generation.IsEmpty)
                {
                    GenerationEmptied?.Invoke(generation);
                }
            }
        }
    }

    private StoredSlice? TryAllocateLocked(int lengthBytes)
    {
        foreach (var segment in _segments)
        {
            if (!segment.WasCutShort && segment.Extents.TryAllocate(lengthBytes, out int offsetBytes))
            {
                _usedBytes += ExtentAllocator.RoundUp(lengthBytes);
                return new StoredSlice(this, segment, offsetBytes, lengthBytes);
            }
        }

        return null;
    }

    private Task<bool>? StartGrowthLocked()
    {
        if (_growth is { IsCompleted: false })
        {
            return _growth;
        }

        bool isPausing = _hasGrowthFailed && _time.GetElapsedTime(_growthFailedAt) < s_growthPause;
        if (isPausing || _isDisposed || StoreLayout.NextSegmentBytes(_segmentBytes, CapacityBytes) == 0)
        {
            return null;
        }

        // Preallocation of a gigabyte can take the disk a while: not under the lock, and not on the caller's thread.
        return _growth = Task.Run(TryAddSegment);
    }

    private bool TryAddSegment()
    {
        try
        {
            AddSegment();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The disk is smaller than cache_size. What is there is used; after a pause the disk is asked again.
            lock (_lock)
            {
                _hasGrowthFailed = true;
                _growthFailedAt = _time.GetTimestamp();
            }

            return false;
        }
    }

    private void AddSegment()
    {
        int lengthBytes = StoreLayout.NextSegmentBytes(_segmentBytes, CapacityBytes);
        var segment = _directory is null
            ? SegmentFile.CreateInMemory(lengthBytes)
            : SegmentFile.CreateOnDisk(Path.Combine(_directory, StoreLayout.SegmentFileName(_segments.Count)), lengthBytes);
        lock (_lock)
        {
            _segments.Add(segment);
            _segmentBytes += lengthBytes;
        }
    }
}
