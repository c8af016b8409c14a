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
    private readonly SortedDictionary<uint, Generation> _generations = [];
    private readonly RecoveredPurges _purges = new();
    private int _droppedSlices;
    private int _purgedObjects;

    private StoreRecovery(SliceStore store) => _store = store;

    /// <inheritdoc/>
    public bool IsClosed { get; set; }

    /// <summary>Fills a store and an index, both empty, with what is there.</summary>
    /// <param name="store">The store; its segments are opened.</param>
    /// <param name="directory">Where to look.</param>
    /// <param name="index">Where the objects go.</param>
    /// <param name="now">The time, from which on what is found grows older.</param>
    /// <param name="file">The index file, to go on with; null when one is to be written anew.</param>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static RecoveredIndex Recover(
        SliceStore store, CacheDirectory directory, ObjectIndex index, Instant now, out IndexFile? file)
    {
        file = null;
        string? refusal = RefusalOf(IndexFile.ReadHeader(directory.IndexPath), directory.IndexPath);
        var recovery = new StoreRecovery(store);
        try
        {
            // Segments first: slices refer to them.
            int segments = refusal is null ? OpenSegments(store, directory) : 0;
            var contents = refusal is null
                ? IndexFile.Read(directory.IndexPath, payload => IndexRecords.Read(payload.Span, recovery, now))
                : default;
            if (refusal is null && contents.State == IndexFileState.Usable)
            {
                var recovered = recovery.Publish(index);
                if (recovered is { DroppedSlices: 0, EvictedObjects: 0 } && recovery._purges.AreDone)
                {
                    file = IndexFile.OpenToAppend(directory.IndexPath, contents);
                }

                return recovered with { WasClosed = recovery.IsClosed && contents.TornBytes == 0 };
            }

            refusal ??= segments > 0 ? $"there are slices but no index {directory.IndexPath}" : null;
        }
        catch (InvalidDataException error)
        {
            refusal = $"{directory.IndexPath}: {error.Message}";
        }

        recovery.Discard();
        directory.RemoveFiles();
        return new RecoveredIndex { Refusal = refusal };
    }

    /// <inheritdoc/>
    public void Object(IndexedObject indexed)
    {
        if (_generations.TryGetValue(indexed.Id, out var known))
        {
            // Written twice: when the index was written anew, and as a change that came meanwhile.
            known.Freshen(indexed.Response);
            return;
        }

        var generation = Generation.Restore(
            indexed.Key, indexed.Response, indexed.Grid, _store, indexed.Id, indexed.Selecting, indexed.IsWhole);
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
        if (!indexed.Fits(generation.Grid, generation.CompleteLength) || _store.Segments.At(indexed.Segment) is not { } segment)
        {
            _droppedSlices++;
            return;
        }

        var slice = new StoredSlice(segment, indexed.OffsetBytes, indexed.LengthBytes) { Checksum = indexed.Checksum };
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

    private static string? RefusalOf(IndexFileContents contents, string path) => contents.State switch
    {
        IndexFileState.OtherVersion => $"{path} has format {contents.Version}, and this program reads format {IndexFile.Version}",
        IndexFileState.Damaged => $"{path} is damaged",
        IndexFileState.Foreign => throw new IOException($"{path} is not an index of pingora-slice; the directory is left as it is"),
        _ => null,
    };

    // A gap in the numbers ends them: the segments behind it have nothing to stand on.
    private static int OpenSegments(SliceStore store, CacheDirectory directory)
    {
        int index = 0;
        for (long usedBytes = 0; File.Exists(directory.SegmentPath(index)); index++)
        {
            string path = directory.SegmentPath(index);
            long fileBytes = new FileInfo(path).Length;
            long usableBytes = fileBytes - (fileBytes % ExtentAllocator.UnitBytes);
            int lengthBytes = StoreLayout.NextSegmentBytes(usedBytes, store.CapacityBytes);
            int usedOfFile = (int)Math.Min(lengthBytes, usableBytes);
            if (usedOfFile < ExtentAllocator.UnitBytes)
            {
                break;
            }

            store.Segments.Add(SegmentFile.Open(store, index, path, lengthBytes, usedOfFile));
            usedBytes += usedOfFile;
        }

        foreach (string path in StoreLayout.FindSegments(directory.Path))
        {
            if (string.CompareOrdinal(Path.GetFileName(path), StoreLayout.SegmentFileName(index)) >= 0)
            {
                // cache_size is smaller than it was.
                File.Delete(path);
            }
        }

        return index;
    }

    private RecoveredIndex Publish(ObjectIndex index)
    {
        var published = new List<Generation>();
        int slices = 0;
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
                generation.Retire();
                continue;
            }

            published.Add(generation);
            // As one that was asked for before the process began: what was purged since then, before the directory could be had, is gone.
            index.Publish(generation, default(RemovalMark));
        }

        int evicted = published.Count(generation => generation.IsRetired);
        return new RecoveredIndex
        {
            Objects = published.Count - evicted,
            Slices = slices,
            DroppedSlices = _droppedSlices,
            EvictedObjects = evicted,
            PurgedObjects = _purgedObjects,
        };
    }

    private bool IsPurged(Generation generation)
    {
        var verdict = _purges.Judge(generation.Key.Bytes, generation.Response.Tags, generation.PurgesSeen, out var by);
        if (verdict == PurgeVerdict.Expires)
        {
            generation.Freshen(generation.Response.Expired(by!.At));
        }

        return verdict == PurgeVerdict.Goes;
    }

    private void Discard()
    {
        foreach (var generation in _generations.Values)
        {
            _store.Tenants.Unregister(generation);
        }

        _store.Segments.RemoveAll();
    }
}
