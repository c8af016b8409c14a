using System.Numerics;
using Slice.Core.Ranges;

namespace Slice.Host.Demo;

/// <summary>Which bytes the demonstration downloads, and how much memory the caches get for them. Pure.</summary>
internal sealed record DemoPlan
{
    /// <summary>Clients at once in the last download. Arbitrary; enough that fetching per client would show.</summary>
    public const int Clients = 20;

    // One after the other, at most this long is spent waiting for the origin; what is left out changes the time, not the throughput.
    private static readonly TimeSpan s_longestWaits = TimeSpan.FromSeconds(10);

    // Most bytes of an object for the comparison and for the crowd; the crowd gets twenty times as many. Arbitrary.
    private const long MaxPrefixBytes = 256L << 20;

    // So that a throughput of the comparison is more than that of the first slice.
    private const int MinComparedSlices = 4;

    // Most memory of the proxy's cache, and least. Arbitrary.
    private const long MaxCacheBytes = 2L << 30;
    private const long MinCacheBytes = 64L << 20;

    // Bytes of the short range on either side of the boundary. Arbitrary; less than the smallest slice.
    private const int BytesBesideBoundary = 1_000;

    private DemoPlan(DemoOptions options, long availableMemoryBytes)
    {
        Options = options;
        Grid = new SliceGrid(options.SliceSizeBytes);
        SliceCount = Grid.CountFor(options.SizeBytes);
        int prefixSlices = Math.Min(SliceCount, (int)(MaxPrefixBytes / options.SliceSizeBytes));
        int comparedSlices = Math.Min(prefixSlices, Math.Max(MinComparedSlices, SlicesWithin(s_longestWaits, options.Latency)));
        Compared = Prefix(comparedSlices);
        Crowd = Prefix(prefixSlices);
        Boundary = AroundBoundary();

        // The store cuts its memory in powers of two: a slice of 5 MB can cost 8 MiB.
        long slotBytes = (long)BitOperations.RoundUpToPowerOf2((ulong)options.SliceSizeBytes);
        long limitBytes = Math.Max(MinCacheBytes, Math.Min(MaxCacheBytes, availableMemoryBytes / 2));
        long wantedBytes = ((long)SliceCount + prefixSlices + SlicePlanner.Plan(Grid, Boundary, options.SizeBytes).Count) * slotBytes;
        CacheBytes = Math.Clamp(wantedBytes, MinCacheBytes, limitBytes);
        ComparedCacheBytes = Math.Clamp(comparedSlices * slotBytes, MinCacheBytes, limitBytes);
        FitsCache = wantedBytes <= CacheBytes;
    }

    /// <summary>What was asked for.</summary>
    public DemoOptions Options { get; }

    /// <summary>How objects are cut.</summary>
    public SliceGrid Grid { get; }

    /// <summary>Slices of an object.</summary>
    public int SliceCount { get; }

    /// <summary>All of an object.</summary>
    public ByteRange Whole => new(0, Options.SizeBytes);

    /// <summary>What is downloaded one slice at a time: all of it, unless that takes too long.</summary>
    public ByteRange Compared { get; }

    /// <summary>What each of the <see cref="Clients"/> downloads: all of it, unless that is too much.</summary>
    public ByteRange Crowd { get; }

    /// <summary>A short range across the slice boundary nearest to the middle; inside of the slice when the object is only one.</summary>
    public ByteRange Boundary { get; }

    /// <summary>Memory of the proxy's cache.</summary>
    public long CacheBytes { get; }

    /// <summary>Memory of the cache of the proxy that fetches one slice at a time.</summary>
    public long ComparedCacheBytes { get; }

    /// <summary>Whether the cache holds everything that is downloaded. If not, a second download asks the origin again.</summary>
    public bool FitsCache { get; }

    /// <summary>A plan for a machine or container with so much memory.</summary>
    public static DemoPlan Create(DemoOptions options, long availableMemoryBytes) => new(options, availableMemoryBytes);

    private static int SlicesWithin(TimeSpan time, TimeSpan latency) =>
        latency > TimeSpan.Zero ? (int)Math.Min(int.MaxValue, time.Ticks / latency.Ticks) : int.MaxValue;

    private ByteRange Prefix(int slices) => new(0, Math.Min(Options.SizeBytes, (long)slices * Options.SliceSizeBytes));

    private ByteRange AroundBoundary()
    {
        long boundary = (long)(SliceCount / 2) * Options.SliceSizeBytes;
        return Whole.Intersect(new ByteRange(Math.Max(0, boundary - BytesBesideBoundary), boundary + BytesBesideBoundary));
    }
}
