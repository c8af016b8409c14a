using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

/// <summary>The records of an index, as they are written. What they mean together is <see cref="StoreRecovery"/>'s. Pure.</summary>
internal static class IndexRecords
{
    private const byte IsWholeFlag = 1;
    private const byte RequiresValidationFlag = 1;
    private const byte MayCombineFlag = 2;
    private const byte StaleForbiddenFlag = 4;
    private const byte HasRangesFlag = 16;
    private const byte IsForEverybodyFlag = 32;
    private const byte IsPurgedFlag = 64;
    private const int UsesShift = 4;
    private const long NoDate = long.MinValue;

    // A span that the response leaves to the operator, in ticks.
    private const long OperatorsSpan = -1;

    // What lies between any two dates, so that sums of spans stay within a TimeSpan.
    private static readonly TimeSpan MaxSpan = DateTimeOffset.MaxValue - DateTimeOffset.MinValue;

    /// <summary>An object: its number, key, grid and stored response. Its slices follow one by one.</summary>
    public static void WriteObject(RecordBuffer buffer, Generation generation)
    {
        // Read once: another may take its place meanwhile, with other tags.
        var response = generation.Response;
        PurgeRecords.WriteTags(buffer, response.Tags);
        TierStampRecords.Write(buffer, generation);
        buffer.Byte((byte)IndexRecordKind.Object);
        buffer.UInt32(generation.Id);
        buffer.Bytes(generation.Key.Bytes);
        buffer.Int32(generation.Grid.SliceSizeBytes);
        buffer.Byte(generation.IsWhole ? IsWholeFlag : (byte)0);
        WriteSelecting(buffer, generation.Selecting);
        WriteResponse(buffer, response);
    }

    /// <summary>An object's stored response, after a validation.</summary>
    public static void WriteFreshened(RecordBuffer buffer, Generation generation) =>
        WriteFreshened(buffer, generation.Id, generation.Response);

    /// <summary>The same with a response of which nobody knows yet.</summary>
    public static void WriteFreshened(RecordBuffer buffer, uint generationId, StoredResponse response)
    {
        PurgeRecords.WriteTags(buffer, response.Tags);
        buffer.Byte((byte)IndexRecordKind.Freshened);
        buffer.UInt32(generationId);
        WriteResponse(buffer, response);
    }

    /// <summary>The end of an object and of all its slices.</summary>
    public static void WriteObjectGone(RecordBuffer buffer, uint generationId)
    {
        buffer.Byte((byte)IndexRecordKind.ObjectGone);
        buffer.UInt32(generationId);
    }

    /// <summary>
    /// A slice and its place; nothing when it stands in no queue, because it comes or goes just now and a record of its own says so.
    /// </summary>
    public static void WriteSlice(RecordBuffer buffer, StoredSlice slice)
    {
        // Read once: those who write a whole object do not hold the store's lock.
        var queue = slice.Queue;
        if (queue is not (SliceQueue.Small or SliceQueue.Main))
        {
            return;
        }

        buffer.Byte((byte)IndexRecordKind.Slice);
        buffer.UInt32(slice.TenantId);
        buffer.Int32(slice.SliceIndex);
        buffer.UInt16((ushort)slice.Segment.Index);
        buffer.Int32(slice.OffsetBytes);
        buffer.Int32(slice.LengthBytes);
        buffer.UInt32(slice.Checksum);
        buffer.Byte((byte)((int)queue | (slice.Uses << UsesShift)));
    }

    /// <summary>The end of a slice.</summary>
    public static void WriteSliceGone(RecordBuffer buffer, uint generationId, int sliceIndex)
    {
        buffer.Byte((byte)IndexRecordKind.SliceGone);
        buffer.UInt32(generationId);
        buffer.Int32(sliceIndex);
    }

    /// <summary>The store was closed in order; of meaning when it is the last record.</summary>
    public static void WriteClosed(RecordBuffer buffer) => buffer.Byte((byte)IndexRecordKind.Closed);

    /// <summary>Reads records, handing each to a visitor.</summary>
    /// <exception cref="InvalidDataException">They are not what we write.</exception>
    public static void Read(ReadOnlySpan<byte> payload, IIndexRecordVisitor visitor, Instant? now = null)
    {
        var reader = new RecordReader(payload);
        CacheTags? tags = null;
        TierStamp stamp = default;
        while (!reader.IsAtEnd)
        {
            var kind = (IndexRecordKind)reader.Byte();
            switch (kind)
            {
                case IndexRecordKind.Object:
                    visitor.Object(ReadObject(ref reader, now, tags) with { Stamp = stamp });
                    break;
                case IndexRecordKind.Freshened:
                    visitor.Freshened(reader.UInt32(), ReadResponse(ref reader, now, tags));
                    break;
                case IndexRecordKind.ObjectGone:
                    visitor.ObjectGone(reader.UInt32());
                    break;
                case IndexRecordKind.Slice:
                    visitor.Slice(ReadSlice(ref reader));
                    break;
                case IndexRecordKind.SliceGone:
                    visitor.SliceGone(reader.UInt32(), reader.Int32());
                    break;
                case IndexRecordKind.Closed:
                    break;
                case IndexRecordKind.Tags:
                    tags = PurgeRecords.ReadTags(ref reader);
                    continue;
                case IndexRecordKind.Shared:
                    stamp = TierStampRecords.Read(ref reader);
                    continue;
                case IndexRecordKind.Purged:
                    visitor.Purged(PurgeRecords.ReadPurge(ref reader, now));
                    break;
                case IndexRecordKind.Swept:
                    visitor.Swept(reader.Int64());
                    break;
                default:
                    throw new InvalidDataException($"a record of the index is of the unknown kind {(byte)kind}");
            }

            (tags, stamp) = (null, default);
            visitor.IsClosed = kind == IndexRecordKind.Closed;
        }
    }

    private static IndexedObject ReadObject(ref RecordReader reader, Instant? now, CacheTags? tags)
    {
        uint id = reader.UInt32();
        var key = new CacheKey(reader.Bytes());
        int sliceSizeBytes = reader.Int32();
        bool isWhole = (reader.Byte() & IsWholeFlag) != 0;
        var selecting = ReadSelecting(ref reader);
        var response = ReadResponse(ref reader, now, tags);
        if (sliceSizeBytes is <= 0 or > StoredSlice.MaxLengthBytes || !new SliceGrid(sliceSizeBytes).Covers(response.CompleteLength))
        {
            throw new InvalidDataException($"an object of the index has {response.CompleteLength} bytes in slices of {sliceSizeBytes}");
        }

        return new IndexedObject(id, key, new SliceGrid(sliceSizeBytes), isWhole, selecting, response);
    }

    private static IndexedSlice ReadSlice(ref RecordReader reader)
    {
        var (id, sliceIndex, segment) = (reader.UInt32(), reader.Int32(), reader.UInt16());
        var (offsetBytes, lengthBytes, checksum) = (reader.Int32(), reader.Int32(), reader.UInt32());
        int standing = reader.Byte();
        var queue = (SliceQueue)(standing & ((1 << UsesShift) - 1));
        return new IndexedSlice(id, sliceIndex, segment, offsetBytes, lengthBytes, checksum, queue, standing >> UsesShift);
    }

    /// <summary>What selects a variant; nothing reads as null.</summary>
    internal static void WriteSelecting(RecordBuffer buffer, SelectingFields? selecting)
    {
        buffer.Byte((byte)(selecting?.Fields.Length ?? 0));
        for (int index = 0; index < selecting?.Fields.Length; index++)
        {
            buffer.Bytes(selecting.Fields[index].Name);
            buffer.Bytes(selecting.Fields[index].Value);
        }
    }

    /// <summary>Reads what <see cref="WriteSelecting"/> wrote.</summary>
    internal static SelectingFields? ReadSelecting(ref RecordReader reader)
    {
        var fields = new (byte[] Name, byte[] Value)[reader.Byte()];
        for (int index = 0; index < fields.Length; index++)
        {
            fields[index] = (reader.Bytes().ToArray(), reader.Bytes().ToArray());
        }

        return fields.Length == 0 ? null : SelectingFields.Restore(fields);
    }

    /// <summary>A stored response, without its tags.</summary>
    internal static void WriteResponse(RecordBuffer buffer, StoredResponse response)
    {
        buffer.UInt16((ushort)response.Status);
        int flags = (response.RequiresValidation ? RequiresValidationFlag : 0)
            | (response.MayCombine ? MayCombineFlag : 0)
            | (response.Stale.IsForbidden ? StaleForbiddenFlag : 0)
            | (response.HasRanges ? HasRangesFlag : 0)
            | (response.IsForEverybody ? IsForEverybodyFlag : 0)
            | (response.IsPurged ? IsPurgedFlag : 0);
        buffer.Byte((byte)flags);
        buffer.Int64(response.Stale.WhileRevalidating?.Ticks ?? OperatorsSpan);
        buffer.Int64(response.Stale.IfError?.Ticks ?? OperatorsSpan);
        buffer.Text(response.Validator.EntityTag);
        buffer.Text(response.Validator.LastModified);
        buffer.Int64(response.CompleteLength);
        buffer.Int64(response.Freshness.ReceivedAt.Utc.UtcTicks);
        buffer.Int64(response.Freshness.AgeWhenReceived.Ticks);
        buffer.Int64(response.Freshness.Lifetime.Ticks);
        buffer.Int64(response.LastModifiedDate?.UtcTicks ?? NoDate);
        buffer.Int64(response.Date?.UtcTicks ?? NoDate);
        buffer.Bytes(response.FieldLines.Span);
    }

    /// <summary>Reads what <see cref="WriteResponse"/> wrote.</summary>
    internal static StoredResponse ReadResponse(ref RecordReader reader, Instant? now, CacheTags? tags)
    {
        int status = reader.UInt16();
        int flags = reader.Byte();
        var stale = new StaleUse((flags & StaleForbiddenFlag) != 0, ReadStaleSpan(ref reader), ReadStaleSpan(ref reader));
        var validator = new Validator(reader.Text(), reader.Text(), reader.Int64());
        var freshness = new Freshness(ReceivedAt(ReadDate(ref reader) ?? default, now), ReadSpan(ref reader), ReadSpan(ref reader));
        var lastModifiedDate = ReadDate(ref reader);
        var date = ReadDate(ref reader);
        return new StoredResponse(validator, freshness, reader.Bytes().ToArray(), lastModifiedDate, date)
        {
            Status = status,
            RequiresValidation = (flags & RequiresValidationFlag) != 0,
            MayCombine = (flags & MayCombineFlag) != 0,
            HasRanges = (flags & HasRangesFlag) != 0,
            IsForEverybody = (flags & IsForEverybodyFlag) != 0,
            IsPurged = (flags & IsPurgedFlag) != 0,
            Tags = tags,
            Stale = stale,
        };
    }

    /// <summary>A moment that was written down, as this process goes on with it.</summary>
    internal static Instant ReceivedAt(DateTimeOffset utc, Instant? now) => now?.Recall(utc) ?? Instant.ByWallClock(utc);

    private static TimeSpan? ReadStaleSpan(ref RecordReader reader) =>
        ReadSpan(ref reader) is var span && span.Ticks == OperatorsSpan ? null : span;

    private static TimeSpan ReadSpan(ref RecordReader reader)
    {
        var span = new TimeSpan(reader.Int64());
        return span <= MaxSpan && span >= -MaxSpan ? span : throw new InvalidDataException($"a time span of the index is {span}");
    }

    /// <summary>A date; null for none.</summary>
    internal static DateTimeOffset? ReadDate(ref RecordReader reader)
    {
        long ticks = reader.Int64();
        return ticks switch
        {
            NoDate => null,
            < 0 => throw new InvalidDataException($"a date of the index is {ticks}"),
            _ when ticks > DateTimeOffset.MaxValue.UtcTicks => throw new InvalidDataException($"a date of the index is {ticks}"),
            _ => new DateTimeOffset(ticks, TimeSpan.Zero),
        };
    }
}
