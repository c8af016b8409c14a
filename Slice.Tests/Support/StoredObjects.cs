using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Tests.Support;

/// <summary>Stored responses, generations and slices for tests that are about something else.</summary>
internal static class StoredObjects
{
    /// <summary>A key of text.</summary>
    public static CacheKey Key(string target = "/file") => new(Encoding.Latin1.GetBytes(target));

    /// <summary>
    /// A stored response of <paramref name="completeLength"/> bytes that was received at the epoch and is fresh for an hour.
    /// </summary>
    /// <param name="completeLength">Length of the representation in bytes.</param>
    /// <param name="entityTag">ETag.</param>
    /// <param name="lastModified">Last-Modified.</param>
    /// <param name="headBytes">Bytes of field lines.</param>
    /// <param name="tags">Cache-Tag.</param>
    public static StoredResponse Response(
        long completeLength, string? entityTag = "\"v1\"", string? lastModified = null, int headBytes = 0, string? tags = null) =>
        new(
            new Validator(entityTag, lastModified, completeLength),
            new Freshness(Instant.ByWallClock(DateTimeOffset.UnixEpoch), TimeSpan.Zero, TimeSpan.FromHours(1)),
            fieldLines: new byte[headBytes],
            lastModifiedDate: null,
            date: null)
        {
            Tags = CacheTags.Read(null, tags, confirmed: null),
        };

    /// <summary>A live generation of an object of <paramref name="slices"/> whole slices.</summary>
    public static Generation Generation(SliceStore store, int slices, int sliceSizeBytes, bool isShared = true, string target = "/file") =>
        new(Key(target), Response((long)slices * sliceSizeBytes), new SliceGrid(sliceSizeBytes), isShared, store);

    /// <summary>
    /// A store on disk without anything of an earlier run that a test would look at; all its bytes are for slices.
    /// </summary>
    public static SliceStore OpenStore(
        string directory, long capacityBytes, TimeProvider time, int overflowBytes = SliceStore.DefaultOverflowBytes) =>
        StoreOpener.Open(directory, capacityBytes, new ObjectIndex(), time, IndexWriter.DefaultMinRewriteBytes, out _, overflowBytes);

    /// <summary>
    /// What <c>cache_size</c> is for a store on disk that has so many bytes for slices, up to 15 GiB: with a power of two of them the first
    /// slice lies at the beginning of the first segment.
    /// </summary>
    public static long StoreBytesFor(long sliceBytes) => ((sliceBytes / 15) + 1) * 16;

    /// <summary>
    /// Room for one slice, filled with the content of version <paramref name="seed"/> from position 0; the caller has the filler's lease.
    /// </summary>
    public static async Task<StoredSlice> FillAsync(SliceStore store, int lengthBytes, int seed = 0)
    {
        var reservation = await store.ReserveAsync(lengthBytes) ?? throw new InvalidOperationException("The store has no room.");
        await reservation.WriteAsync(TestContent.Bytes(0, lengthBytes, seed), 0);
        reservation.Slice.Checksum = SliceChecksum.OfStored(reservation.Slice);
        return reservation.Slice;
    }

    /// <summary>
    /// Gives a filled slice to a generation as the fetcher does: the filler's lease becomes the index's; false, and the slice is gone, when
    /// it was not taken.
    /// </summary>
    public static bool Commit(Generation generation, StoredSlice slice, int sliceIndex)
    {
        Assert.True(slice.TryLease());
        bool isCommitted = generation.TryCommit(slice, sliceIndex);
        if (!isCommitted)
        {
            slice.Release();
        }

        slice.Release();
        return isCommitted;
    }

    /// <summary>Fills and commits one whole slice.</summary>
    public static async Task<StoredSlice> AddAsync(SliceStore store, Generation generation, int sliceIndex, int seed = 0)
    {
        var slice = await FillAsync(store, generation.Grid.SliceSizeBytes, seed);
        Assert.True(Commit(generation, slice, sliceIndex));
        return slice;
    }

    /// <summary>The bytes of a slice as the kernel would send them.</summary>
    public static byte[] Bytes(StoredSlice slice) => slice.Map(0, slice.LengthBytes).ToArray();
}
