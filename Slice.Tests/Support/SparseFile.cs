namespace Slice.Tests.Support;

/// <summary>
/// A file far larger than the disk space it takes: zeros, with blocks of <see cref="TestContent"/> where faults hide –
/// around slice boundaries, around 2 and 4 GiB where a 32-bit number would wrap, and at the end.
/// </summary>
public sealed class SparseFile
{
    /// <summary>Bytes of content around each marked position, half before and half after it.</summary>
    public const int MarkerBytes = 64 << 10;

    private readonly (long Start, long End)[] _markers;

    private SparseFile(string path, long lengthBytes, int seed, (long Start, long End)[] markers)
    {
        Path = path;
        LengthBytes = lengthBytes;
        Seed = seed;
        _markers = markers;
    }

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>Its apparent length.</summary>
    public long LengthBytes { get; }

    /// <summary>The version of the content in the blocks.</summary>
    public int Seed { get; }

    /// <summary>The blocks of content, half-open, ascending, disjoint.</summary>
    public IReadOnlyList<(long Start, long End)> Markers => _markers;

    /// <summary>
    /// Creates a file of <paramref name="lengthBytes"/> with blocks around <paramref name="positions"/>, the start and the end.
    /// </summary>
    public static SparseFile Create(string path, long lengthBytes, int seed, params long[] positions)
    {
        var markers = Merge(positions.Append(0).Append(lengthBytes), lengthBytes);
        using var handle = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        RandomAccess.SetLength(handle, lengthBytes);
        foreach (var (start, end) in markers)
        {
            RandomAccess.Write(handle, TestContent.Bytes(start, (int)(end - start), seed), start);
        }

        // Of the second in which it is first asked for, a version is no proof (B25), and its slices would be fetched anew.
        File.SetLastWriteTimeUtc(handle, DateTime.UtcNow.AddHours((seed % 100) - 200));
        return new SparseFile(path, lengthBytes, seed, markers);
    }

    /// <summary>
    /// 5 GiB and 12,345 bytes (so that the last slice is short) with blocks at the first boundaries of 1 MiB slices,
    /// at 2 and 4 GiB and one slice to either side of 4 GiB.
    /// </summary>
    public static SparseFile CreateFiveGiB(string path, int seed)
    {
        const long MiB = 1L << 20;
        const long GiB = 1L << 30;
        return Create(path, (5 * GiB) + 12_345, seed, MiB, 2 * MiB, 3 * MiB, 2 * GiB, (4 * GiB) - MiB, 4 * GiB, (4 * GiB) + MiB, 5 * GiB);
    }

    /// <summary>The file's bytes from <paramref name="position"/> on, computed, not read: a <see cref="ContentFill"/>.</summary>
    public void Fill(long position, Span<byte> destination)
    {
        destination.Clear();
        long end = position + destination.Length;
        foreach (var marker in _markers)
        {
            long from = Math.Max(position, marker.Start);
            long to = Math.Min(end, marker.End);
            if (from < to)
            {
                TestContent.Fill(from, destination.Slice((int)(from - position), (int)(to - from)), Seed);
            }
        }
    }

    private static (long Start, long End)[] Merge(IEnumerable<long> positions, long lengthBytes)
    {
        var merged = new List<(long Start, long End)>();
        foreach (long position in positions.Where(p => p <= lengthBytes).Order())
        {
            long start = Math.Max(0, position - (MarkerBytes / 2));
            long end = Math.Min(lengthBytes, position + (MarkerBytes / 2));
            if (merged.Count > 0 && merged[^1].End >= start)
            {
                merged[^1] = (merged[^1].Start, Math.Max(merged[^1].End, end));
            }
            else
            {
                merged.Add((start, end));
            }
        }

        return [.. merged];
    }
}
