using System.Buffers;
using Slice.Core.Caching;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// What a cache directory holds, read without its lock and without changing a byte: also while a process uses it, of which it then shows a
/// moment. Not thread-safe.
/// </summary>
public sealed class StoreInspection
{
    private StoreInspection(string directory) => Directory = directory;

    /// <summary>The directory.</summary>
    public string Directory { get; }

    /// <summary>The objects, largest in the store first.</summary>
    public IReadOnlyList<InspectedObject> Objects { get; private init; } = [];

    /// <summary>Whether the last process ended in order, or one is using it now.</summary>
    public bool WasClosed { get; private init; }

    /// <summary>Bytes of the index.</summary>
    public long IndexBytes { get; private init; }

    /// <summary>Bytes at the end of the index that are no whole record: the end of a write that a crash cut off.</summary>
    public long TornBytes { get; private init; }

    /// <summary>Segment files.</summary>
    public int Segments { get; private init; }

    /// <summary>Bytes of the segment files.</summary>
    public long SegmentBytes { get; private init; }

    /// <summary>Reads the index.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="problem">Why there is nothing to see, in words; null when there is.</param>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public static StoreInspection? Read(string directory, out string? problem)
    {
        string path = Path.Combine(directory, StoreLayout.IndexFileName);
        if (FileIdentity.StrangerAt(path) is { } kind)
        {
            problem = $"{path} is {kind} and not an index of pingora-slice";
            return null;
        }

        var reader = new Reader();
        IndexFileContents contents;
        try
        {
            contents = IndexFile.Read(path, payload => IndexRecords.Read(payload.Span, reader));
        }
        catch (InvalidDataException error)
        {
            problem = $"{path}: {error.Message}";
            return null;
        }

        problem = contents.State switch
        {
            IndexFileState.Usable => null,
            IndexFileState.Absent => $"no cache there: {path} does not exist{OthersBelow(directory)}",
            IndexFileState.OtherVersion => $"{path} has format {contents.Version}, and this program reads format {IndexFile.Version}",
            IndexFileState.Damaged => $"{path} is damaged",
            _ => $"{path} is not an index of pingora-slice",
        };
        if (problem is not null)
        {
            return null;
        }

        string[] segments = StoreLayout.FindSegments(directory);
        return new StoreInspection(directory)
        {
            Objects = reader.Objects(),
            WasClosed = reader.IsClosed && contents.TornBytes == 0,
            IndexBytes = contents.LengthBytes + contents.TornBytes,
            TornBytes = contents.TornBytes,
            Segments = segments.Length,
            SegmentBytes = segments.Sum(segment => new FileInfo(segment).Length),
        };
    }

    /// <summary>
    /// Compares every slice with its checksum. Under a process that uses the directory, slices that it replaces meanwhile may be told as
    /// damaged.
    /// </summary>
    /// <param name="compared">Called after each slice with its bytes.</param>
    /// <returns>The slices that are damaged, with what is wrong.</returns>
    /// <exception cref="IOException">A segment cannot be opened for a reason other than being gone.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public IEnumerable<DamagedSlice> Verify(Action<int>? compared = null)
    {
        var segments = new Dictionary<int, FileStream?>();
        try
        {
            foreach (var stored in Objects)
            {
                foreach (var slice in stored.Slices)
                {
                    if (!segments.TryGetValue(slice.Segment, out var segment))
                    {
                        string path = Path.Combine(Directory, StoreLayout.SegmentFileName(slice.Segment));
                        segment = FileIdentity.IsFile(path) ? OpenShared(path) : null;
                        segments.Add(slice.Segment, segment);
                    }

                    string? problem = ProblemOf(slice, segment);
                    compared?.Invoke(slice.LengthBytes);
                    if (problem is not null)
                    {
                        yield return new DamagedSlice(stored.Key, slice.SliceIndex, problem);
                    }
                }
            }
        }
        finally
        {
            foreach (var segment in segments.Values)
            {
                segment?.Dispose();
            }
        }
    }

    private static FileStream OpenShared(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);

    private static string? ProblemOf(IndexedSlice slice, FileStream? segment)
    {
        if (segment is null)
        {
            return $"{StoreLayout.SegmentFileName(slice.Segment)} is gone";
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(slice.LengthBytes);
        try
        {
            var bytes = buffer.AsSpan(0, slice.LengthBytes);
            segment.Position = slice.OffsetBytes;
            return segment.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length ? "its segment was cut short"
                : SliceChecksum.Of(bytes) != slice.Checksum ? "its bytes do not agree with the checksum"
                : null;
        }
        catch (IOException error)
        {
            // The device fails here; there is more to look at.
            return $"it cannot be read: {error.Message}";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Instances that share a configuration keep their caches side by side.
    private static string OthersBelow(string directory)
    {
        string[] below = System.IO.Directory.Exists(directory) ? System.IO.Directory.GetDirectories(directory) : [];
        string[] others = Array.FindAll(below, path => File.Exists(Path.Combine(path, StoreLayout.IndexFileName)));
        Array.Sort(others, StringComparer.Ordinal);
        return others.Length == 0 ? "" : $"; there is one in {string.Join(" and ", others)}";
    }

    private sealed class Reader : IIndexRecordVisitor
    {
        private readonly Dictionary<uint, Known> _objects = [];
        private readonly RecoveredPurges _purges = new();

        public bool IsClosed { get; set; }

        public void Object(IndexedObject indexed)
        {
            if (_objects.ContainsKey(indexed.Id))
            {
                Freshened(indexed.Id, indexed.Response);
            }
            else
            {
                _objects.Add(indexed.Id, new Known(indexed, indexed.Response, [], _purges.Place));
            }
        }

        public void Freshened(uint id, StoredResponse response)
        {
            if (_objects.TryGetValue(id, out var known) && response.CompleteLength == known.Response.CompleteLength)
            {
                _objects[id] = known with { Response = response };
            }
        }

        public void ObjectGone(uint id) => _objects.Remove(id);

        public void Slice(IndexedSlice indexed)
        {
            // As at a start: what does not fit is dropped there.
            if (_objects.TryGetValue(indexed.Id, out var known) && indexed.Fits(known.Indexed.Grid, known.Indexed.Response.CompleteLength))
            {
                known.Slices[indexed.SliceIndex] = indexed;
            }
        }

        public void SliceGone(uint id, int sliceIndex)
        {
            if (_objects.TryGetValue(id, out var known))
            {
                known.Slices.Remove(sliceIndex);
            }
        }

        public void Purged(Purge purge) => _purges.Add(purge);

        public void Swept(long number) => _purges.Sweep(number);

        public List<InspectedObject> Objects() =>
        [
            .. _objects.Values
                .Where(known => !IsPurged(known))
                .Select(known =>
                    new InspectedObject(known.Indexed, known.Response, [.. known.Slices.Values.OrderBy(slice => slice.SliceIndex)]))
                .OrderByDescending(stored => stored.StoredBytes)
                .ThenBy(stored => stored.Key, StringComparer.Ordinal),
        ];

        private bool IsPurged(Known known) =>
            _purges.Judge(known.Indexed.Key.Bytes, known.Response.Tags, known.Place, out _) == PurgeVerdict.Goes;

        private sealed record Known(
            IndexedObject Indexed, StoredResponse Response, Dictionary<int, IndexedSlice> Slices, long Place);
    }
}
