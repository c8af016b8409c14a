using Slice.Core.Caching;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// Reads what an earlier run has left in a cache directory. The index is read front to back, one sequential file; no directory is walked
/// and no slice is looked at: that its bytes are right shows when it is first read (<see cref="SliceVerification"/>).
/// </summary>
/// <remarks>
/// The index may say less than there is, or more, when the process was killed or the files come from a copy that was made under it. So what
/// it says is believed only as far as it fits: a slice lies inside a segment that is there, in a place that no other slice has.
/// </remarks>
internal sealed class StoreRecovery : IIndexRecordVisitor
{
    private readonly SliceStore _store;
    private readonly CacheDirectory _directory;
    private readonly long _capacityBytes;
    private readonly bool _keepsIds;
    private readonly SortedDictionary<uint, Generation> _generations = [];
    private readonly RecoveredPurges _purges = new();
    private readonly List<SegmentFile> _segments = [];
    private IndexFileContents _contents;
    private string? _refusal;
    private int _droppedSlices;
    private int _purgedObjects;
    private bool _hasOverruled;

    private StoreRecovery(SliceStore store, CacheDirectory directory, long capacityBytes, bool keepsIds) =>
        (_store, _directory, _capacityBytes, _keepsIds) = (store, directory, capacityBytes, keepsIds);

    /// <inheritdoc/>
    public bool IsClosed { get; set; }

    /// <summary>The segments that are there, opened; the caller's. Empty when nothing of the directory is used.</summary>
    public IReadOnlyList<SegmentFile> Segments => _segments;

    /// <summary>The index file, to go on with after <see cref="Publish"/>; null when one is to be written anew.</summary>
    public IndexFile? OpenIndex { get; private set; }

    /// <summary>Reads what is there. Nobody else sees it before <see cref="Publish"/>.</summary>
    /// <param name="store">The store that it is for.</param>
    /// <param name="directory">Where to look.</param>
    /// <param name="capacityBytes">Most bytes of segments; what is there beyond goes.</param>
    /// <param name="keepsIds">Whether objects keep the numbers that the index has for them, so that it can be gone on with: the store has
    /// nothing yet.</param>
    /// <param name="now">The time, from which on what is found grows older.</param>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static StoreRecovery Read(SliceStore store, CacheDirectory directory, long capacityBytes, bool keepsIds, Instant now)
    {
        var recovery = new StoreRecovery(store, directory, capacityBytes, keepsIds);
        try
        {
            recovery.Read(now);
        }
        catch
        {
            recovery.Discard();
            throw;
        }

        return recovery;
    }

    /// <summary>Lets requests find what was read. The extents of the segments are taken by then.</summary>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public RecoveredIndex Publish(ObjectIndex index)
    {
        if (_refusal is not null)
        {
            return new RecoveredIndex { Refusal = _refusal };
        }

        var recovered = PublishTo(index);
        if (!_keepsIds && (_hasOverruled || index.Purges.Latest > 0))
        {
            // The index lies there until the next is written, and knows nothing of what this run has purged: a process that is killed
            // before must not leave it. A cache that begins anew is better than one that has again what was purged.
            IndexFile.TryDelete(_directory.IndexPath);
        }

        bool saysWhatIsThere = recovered is { DroppedSlices: 0, EvictedObjects: 0 } && _purges.AreDone;

        // Purges of this run are not written behind open ones of the earlier run: both are counted from 1.
        if (_keepsIds && _contents.State == IndexFileState.Usable && saysWhatIsThere)
        {
            OpenIndex = IndexFile.OpenToAppend(_directory.IndexPath, _contents);
        }

        return recovered with { WasClosed = IsClosed && _contents.TornBytes == 0 };
    }

    /// <summary>Gives up what was read; for a start that fails.</summary>
    public void Discard()
    {
        foreach (var generation in _generations.Values)
        {
            _store.Tenants.Unregister(generation);
        }

        foreach (IDisposable segment in _segments)
        {
            segment.Dispose();
        }

        _generations.Clear();
        _segments.Clear();
    }

    /// <inheritdoc/>
    public void Object(IndexedObject indexed)
    {
        if (_generations.TryGetValue(indexed.Id, out var known))
        {
            // Written twice: when the index was written anew, and as a change that came meanwhile. Who wrote the later record had held the
            // object against every purge before it.
            known.Freshen(indexed.Response);
            known.PurgesSeen = _purges.Place;
            return;
        }

        uint? id = _keepsIds ? indexed.Id : null;
        var generation = Generation.Restore(
            indexed.Key, indexed.Response, indexed.Grid, _store, id, indexed.Selecting, indexed.IsWhole, indexed.Stamp);
        ((ISliceTenant)generation).JournalNote = (byte)IndexState.Written;
        generation.PurgesSeen = _purges.Place;
        _generations.Add(indexed.Id, generation);
    }

    /// <inheritdoc/>
    public void Freshened(uint id, StoredResponse response)
    {
        if (_generations.TryGetValue(id, out var generation) && response.CompleteLength == generation.CompleteLength)
        {
            generation.Freshen(response);
        }
    }

    /// <inheritdoc/>
    public void ObjectGone(uint id)
    {
        if (_generations.Remove(id, out var generation))
        {
            _store.Tenants.Unregister(generation);
        }
    }

    /// <inheritdoc/>
    public void Slice(IndexedSlice indexed)
    {
        if (!_generations.TryGetValue(indexed.Id, out var generation))
        {
            return;
        }

        SliceGone(indexed.Id, indexed.SliceIndex);
        if (!indexed.Fits(generation.Grid, generation.CompleteLength) || indexed.Segment >= _segments.Count)
        {
            _droppedSlices++;
            return;
        }

        var slice = new StoredSlice(_segments[indexed.Segment], indexed.OffsetBytes, indexed.LengthBytes) { Checksum = indexed.Checksum };
        slice.MarkUnverified();
        RestoredSlices.TryAdd(generation, slice, indexed.SliceIndex);
        (slice.Queue, slice.Uses) = (indexed.Queue, indexed.Uses);
    }

    /// <inheritdoc/>
    public void SliceGone(uint id, int sliceIndex)
    {
        if (_generations.TryGetValue(id, out var generation))
        {
            RestoredSlices.Forget(generation, sliceIndex);
        }
    }

    /// <inheritdoc/>
    public void Purged(Purge purge) => _purges.Add(purge);

    /// <inheritdoc/>
    public void Swept(long number) => _purges.Sweep(number);

    private void Read(Instant now)
    {
        _refusal = RefusalOf(IndexFile.ReadHeader(_directory.IndexPath));
        try
        {
            // Segments first: slices refer to them.
            if (_refusal is null)
            {
                OpenSegments();
                _contents = IndexFile.Read(_directory.IndexPath, payload => IndexRecords.Read(payload.Span, this, now));
            }

            if (_refusal is null && _contents.State != IndexFileState.Usable && _segments.Count > 0)
            {
                _refusal = $"there are slices but no index {_directory.Shown(_directory.IndexPath)}";
            }
        }
        catch (InvalidDataException error)
        {
            _refusal = _directory.Shown($"{_directory.IndexPath}: {error.Message}");
        }

        if (_refusal is not null || _contents.State != IndexFileState.Usable)
        {
            Discard();
            _directory.RemoveFiles();
        }
    }

    private string? RefusalOf(IndexFileContents contents) => contents.State switch
    {
        IndexFileState.OtherVersion =>
            _directory.Shown($"{_directory.IndexPath} has format {contents.Version}, and this program reads format {IndexFile.Version}"),
        IndexFileState.Damaged => _directory.Shown($"{_directory.IndexPath} is damaged"),
        IndexFileState.Foreign => throw CacheDirectoryDiagnosis.Foreign(_directory.Path, StoreLayout.IndexFileName),
        _ => null,
    };

    // A gap in the numbers ends them: the segments behind it have nothing to stand on.
    private void OpenSegments()
    {
        int index = 0;
        for (long usedBytes = 0; File.Exists(_directory.SegmentPath(index)); index++)
        {
            string path = _directory.SegmentPath(index);
            long fileBytes = new FileInfo(path).Length;
            long usableBytes = fileBytes - (fileBytes % ExtentAllocator.UnitBytes);
            int lengthBytes = StoreLayout.NextSegmentBytes(usedBytes, _capacityBytes);
            int usedOfFile = (int)Math.Min(lengthBytes, usableBytes);
            if (usedOfFile < ExtentAllocator.UnitBytes)
            {
                break;
            }

            _segments.Add(SegmentFile.Open(_store, index, path, lengthBytes, usedOfFile));
            usedBytes += usedOfFile;
        }

        foreach (string path in StoreLayout.FindSegments(_directory.Root))
        {
            if (string.CompareOrdinal(Path.GetFileName(path), StoreLayout.SegmentFileName(index)) >= 0)
            {
                // cache_size is smaller than it was.
                File.Delete(path);
            }
        }
    }

    private RecoveredIndex PublishTo(ObjectIndex index)
    {
        var published = new List<Generation>();
        int slices = 0;
        int overruled = 0;
        foreach (var generation in _generations.Values)
        {
            if (IsPurged(generation))
            {
                _store.Tenants.Unregister(generation);
                _purgedObjects++;
                continue;
            }

            foreach (var slice in generation.Slices)
            {
                if (_store.TryRestore(slice, slice.Queue))
                {
                    slices++;
                }
                else
                {
                    _droppedSlices++;
                    RestoredSlices.Forget(generation, slice.SliceIndex);
                }
            }

            if (generation.IsEmpty || !generation.IsUsable)
            {
                _droppedSlices += generation.StoredSlices;
                generation.TryRetire(dropsHere: true);
                continue;
            }

            int restored = generation.StoredSlices;
            if (index.TryPublishRecovered(generation))
            {
                published.Add(generation);
            }
            else
            {
                overruled++;
                _hasOverruled = true;
                slices -= restored;
            }
        }

        int evicted = published.Count(generation => generation.IsRetired);
        return new RecoveredIndex
        {
            Objects = published.Count - evicted,
            Slices = slices,
            DroppedSlices = _droppedSlices,
            EvictedObjects = evicted + overruled,
            PurgedObjects = _purgedObjects,
        };
    }

    // By the purges of the earlier run alone; ObjectIndex.TryPublishRecovered goes by those of this run.
    private bool IsPurged(Generation generation)
    {
        var verdict = _purges.Judge(generation.Key.Bytes, generation.Response.Tags, generation.PurgesSeen, out var by);
        if (verdict == PurgeVerdict.Expires)
        {
            generation.Freshen(generation.Response.Expired(by!.At));
        }

        return verdict == PurgeVerdict.Goes;
    }
}
