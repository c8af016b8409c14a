using Slice.Core.Caching;

namespace Slice.Core.Objects.Journal;

/// <summary>
/// The records about tags and about purges of many objects. A program that does not know them refuses the index, as it does with every kind
/// that it does not know; an index without tags and purges has none. Pure.
/// </summary>
internal static class PurgeRecords
{
    /// <summary>The tags of the response that follows; nothing when it has none.</summary>
    public static void WriteTags(RecordBuffer buffer, CacheTags? tags)
    {
        if (tags is null)
        {
            return;
        }

        buffer.Byte((byte)IndexRecordKind.Tags);
        buffer.Byte(tags.IsCut ? (byte)1 : (byte)0);
        buffer.Int32(tags.SurrogateKeys);
        buffer.UInt64s(tags.Hashes);
    }

    /// <summary>Reads what <see cref="WriteTags"/> wrote, behind the kind.</summary>
    public static CacheTags ReadTags(ref RecordReader reader)
    {
        bool isCut = reader.Byte() != 0;
        int surrogateKeys = reader.Int32();
        return CacheTags.Restore(reader.UInt64s(), surrogateKeys, isCut);
    }

    /// <summary>A purge of many objects.</summary>
    public static void WritePurge(RecordBuffer buffer, Purge purge)
    {
        buffer.Byte((byte)IndexRecordKind.Purged);
        buffer.Int64(purge.Number);
        buffer.Byte((byte)purge.Scope);
        buffer.Byte(purge.IsSoft ? (byte)1 : (byte)0);
        buffer.Int64(purge.At.Utc.UtcTicks);
        buffer.Bytes(purge.Prefix);
        buffer.UInt64s(purge.Tags);
    }

    /// <summary>Reads what <see cref="WritePurge"/> wrote, behind the kind.</summary>
    public static Purge ReadPurge(ref RecordReader reader, Instant? now)
    {
        long number = reader.Int64();
        var scope = (PurgeScope)reader.Byte();
        bool isSoft = reader.Byte() != 0;
        var at = IndexRecords.ReceivedAt(IndexRecords.ReadDate(ref reader) ?? default, now);
        var prefix = reader.Bytes();
        ulong[] tags = reader.UInt64s();
        var purge = scope switch
        {
            PurgeScope.All => Purge.OfAll(isSoft, at),
            PurgeScope.Prefix => Purge.OfPrefix(prefix, isSoft, at),
            PurgeScope.Tags => Purge.OfTags(tags, isSoft, at),
            _ => throw new InvalidDataException($"a purge of the index is of the unknown scope {(byte)scope}"),
        };
        purge.Number = number;
        return purge;
    }

    /// <summary>The purges up to a number are of no use any more.</summary>
    public static void WriteSwept(RecordBuffer buffer, long number)
    {
        buffer.Byte((byte)IndexRecordKind.Swept);
        buffer.Int64(number);
    }
}
