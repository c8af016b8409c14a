using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.SharedCache;

/// <summary>The payload of an object in a shared store: its mark, and its variants with their heads. Pure.</summary>
internal static class TierRecords
{
    /// <summary>Most variants of one object: each reader reads all of them. Arbitrary.</summary>
    public const int MaxVariants = 8;

    private const byte IsWholeFlag = 1;
    private const byte HasTagsFlag = 2;
    private const byte HasBodyFlag = 4;

    /// <summary>Writes an object.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="mark">What the tier had seen when the object was asked for.</param>
    /// <param name="variants">Its variants, at most <see cref="MaxVariants"/>.</param>
    /// <param name="now">The time, by which readers are told how old the heads are.</param>
    public static void Write(RecordBuffer buffer, TierMark mark, IReadOnlyList<TierObject> variants, Instant now)
    {
        buffer.Int64(mark.Removals);
        buffer.Int64(mark.Doubts);
        buffer.Int64(mark.Purges);
        buffer.Byte((byte)variants.Count);
        foreach (var variant in variants)
        {
            int flags = (variant.IsWhole ? IsWholeFlag : 0)
                | (variant.Response.Tags is null ? 0 : HasTagsFlag)
                | (variant.Body is null ? 0 : HasBodyFlag);
            buffer.Byte((byte)flags);
            buffer.Int32(variant.Grid.SliceSizeBytes);
            buffer.Int64(variant.LastPurge);
            PurgeRecords.WriteTags(buffer, variant.Response.Tags);
            IndexRecords.WriteSelecting(buffer, variant.Selecting);
            IndexRecords.WriteResponse(buffer, variant.Response.AgedTo(now));
            if (variant.Body is { } body)
            {
                buffer.Bytes(body);
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="resided">How long it was in the store, by the store's clock.</param>
    /// <param name="now">The time.</param>
    /// <param name="mark">What the tier had seen when the object was asked for.</param>
    /// <exception cref="InvalidDataException">It is not what we write.</exception>
    public static List<TierObject> Read(ReadOnlySpan<byte> payload, TimeSpan resided, Instant now, out TierMark mark)
    {
        var reader = new RecordReader(payload);
        mark = new TierMark(reader.Int64(), reader.Int64(), reader.Int64());
        int count = reader.Byte();
        if (count > MaxVariants)
        {
            throw new InvalidDataException($"an object of the shared cache has {count} variants");
        }

        var variants = new List<TierObject>(count);
        while (count-- > 0)
        {
            variants.Add(ReadVariant(ref reader, resided, now));
        }

        return reader.IsAtEnd ? variants : throw new InvalidDataException("an object of the shared cache has bytes behind its end");
    }

    private static TierObject ReadVariant(ref RecordReader reader, TimeSpan resided, Instant now)
    {
        int flags = reader.Byte();
        int sliceSizeBytes = reader.Int32();
        long lastPurge = reader.Int64();
        var tags = ReadTags(ref reader, flags);
        var selecting = IndexRecords.ReadSelecting(ref reader);
        var written = IndexRecords.ReadResponse(ref reader, now: null, tags);
        byte[]? body = (flags & HasBodyFlag) != 0 ? reader.Bytes().ToArray() : null;
        if (sliceSizeBytes is <= 0 or > StoredSlice.MaxLengthBytes
            || !new SliceGrid(sliceSizeBytes).Covers(written.CompleteLength)
            || new SliceGrid(sliceSizeBytes).CountFor(written.CompleteLength) > Generation.MaxSlices
            || lastPurge < 0
            || body?.Length > TierComposer.MostBodyBytes
            || (body is not null && body.Length != written.CompleteLength))
        {
            throw new InvalidDataException(
                $"an object of the shared cache has {written.CompleteLength} bytes in slices of {sliceSizeBytes}");
        }

        var response = written.At(now, written.Freshness.AgeWhenReceived + resided);
        return new TierObject(new SliceGrid(sliceSizeBytes), selecting, (flags & IsWholeFlag) != 0, response, body, lastPurge);
    }

    private static CacheTags? ReadTags(ref RecordReader reader, int flags)
    {
        if ((flags & HasTagsFlag) == 0)
        {
            return null;
        }

        return (IndexRecordKind)reader.Byte() == IndexRecordKind.Tags
            ? PurgeRecords.ReadTags(ref reader)
            : throw new InvalidDataException("an object of the shared cache has no tags where it says that there are some");
    }
}
