using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>The entries of the logs that the instances of a fleet share. Pure.</summary>
internal static class TierNewsRecords
{
    private const int IdBytes = 16;

    /// <summary>Some events of one instance.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="by">The instance.</param>
    /// <param name="replaced">Numbers that the entry stands in for: the store did not take theirs.</param>
    /// <param name="events">The events.</param>
    public static void Write(RecordBuffer buffer, Guid by, IReadOnlyList<long> replaced, IReadOnlyList<TierEvent> events)
    {
        WriteBegin(buffer, by, replaced);
        buffer.Int32(events.Count);
        Span<byte> version = stackalloc byte[TierVersion.SizeBytes];
        foreach (var told in events)
        {
            told.Old.Write(version);
            buffer.Byte((byte)told.Kind);
            buffer.Bytes(told.Key);
            buffer.Bytes(version);
            told.Now.Write(version);
            buffer.Bytes(version);
            buffer.Int64(told.Number);
        }
    }

    /// <summary>Reads them, whose they are, and which numbers they stand in for.</summary>
    /// <exception cref="InvalidDataException">It is not what we write; so do the others.</exception>
    public static (Guid By, long[] Replaced, IReadOnlyList<TierEvent> Events) Read(ReadOnlySpan<byte> entry)
    {
        var reader = new RecordReader(entry);
        var by = ReadId(ref reader);
        long[] replaced = ReadReplaced(ref reader);
        int count = reader.Int32();
        var events = new List<TierEvent>();
        while (events.Count < count)
        {
            var kind = (TierEventKind)reader.Byte();
            byte[] key = reader.Bytes().ToArray();
            var old = ReadVersion(ref reader);
            events.Add(new TierEvent(kind, key, old) { Now = ReadVersion(ref reader), Number = reader.Int64() });
        }

        return (by, replaced, events);
    }

    /// <summary>A purge of many objects, by one instance, in the same way.</summary>
    public static void Write(RecordBuffer buffer, Guid by, IReadOnlyList<long> replaced, Purge purge)
    {
        WriteBegin(buffer, by, replaced);
        PurgeRecords.WritePurge(buffer, purge);
    }

    /// <summary>Reads it, whose it is, and which numbers it stands in for.</summary>
    public static (Guid By, long[] Replaced, Purge Purge) ReadPurge(ReadOnlySpan<byte> entry, Instant now)
    {
        var reader = new RecordReader(entry);
        var by = ReadId(ref reader);
        long[] replaced = ReadReplaced(ref reader);
        return (IndexRecordKind)reader.Byte() == IndexRecordKind.Purged
            ? (by, replaced, PurgeRecords.ReadPurge(ref reader, now))
            : throw Invalid();
    }

    /// <summary>Reads what tells one instance from others.</summary>
    public static Guid ReadId(ref RecordReader reader)
    {
        var bytes = reader.Bytes();
        return bytes.Length == IdBytes ? new Guid(bytes) : throw Invalid();
    }

    private static void WriteBegin(RecordBuffer buffer, Guid by, IReadOnlyList<long> replaced)
    {
        buffer.Bytes(by.ToByteArray());
        buffer.Byte((byte)replaced.Count);
        foreach (long number in replaced)
        {
            buffer.Int64(number);
        }
    }

    private static long[] ReadReplaced(ref RecordReader reader)
    {
        long[] replaced = new long[reader.Byte()];
        for (int index = 0; index < replaced.Length; index++)
        {
            replaced[index] = reader.Int64();
        }

        return replaced;
    }

    private static TierVersion ReadVersion(ref RecordReader reader)
    {
        var bytes = reader.Bytes();
        return bytes.Length == TierVersion.SizeBytes ? TierVersion.Read(bytes) : throw Invalid();
    }

    private static InvalidDataException Invalid() => new("an entry of the shared cache is not one of this program's");
}
