using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>The entries of the logs that the instances of a fleet share. Pure.</summary>
internal static class TierNewsRecords
{
    private const int IdBytes = 16;

    /// <summary>Some events of one instance.</summary>
    public static void Write(RecordBuffer buffer, Guid by, IReadOnlyList<TierEvent> events)
    {
        buffer.Bytes(by.ToByteArray());
        buffer.Int32(events.Count);
        Span<byte> old = stackalloc byte[TierVersion.SizeBytes];
        foreach (var told in events)
        {
            told.Old.Write(old);
            buffer.Byte((byte)told.Kind);
            buffer.Bytes(told.Key);
            buffer.Bytes(old);
        }
    }

    /// <summary>Reads them, and whose they are.</summary>
    /// <exception cref="InvalidDataException">It is not what we write; so do the others.</exception>
    public static (Guid By, IReadOnlyList<TierEvent> Events) Read(ReadOnlySpan<byte> entry)
    {
        var reader = new RecordReader(entry);
        var by = ReadId(ref reader);
        int count = reader.Int32();
        var events = new List<TierEvent>();
        while (events.Count < count)
        {
            var kind = (TierEventKind)reader.Byte();
            byte[] key = reader.Bytes().ToArray();
            var old = reader.Bytes();
            events.Add(new TierEvent(kind, key, old.Length == TierVersion.SizeBytes ? TierVersion.Read(old) : throw Invalid()));
        }

        return (by, events);
    }

    /// <summary>A purge of many objects, by one instance.</summary>
    public static void Write(RecordBuffer buffer, Guid by, Purge purge)
    {
        buffer.Bytes(by.ToByteArray());
        PurgeRecords.WritePurge(buffer, purge);
    }

    /// <summary>Reads it, and whose it is.</summary>
    public static (Guid By, Purge Purge) ReadPurge(ReadOnlySpan<byte> entry, Instant now)
    {
        var reader = new RecordReader(entry);
        var by = ReadId(ref reader);
        return (IndexRecordKind)reader.Byte() == IndexRecordKind.Purged ? (by, PurgeRecords.ReadPurge(ref reader, now)) : throw Invalid();
    }

    /// <summary>Reads what tells one instance from others.</summary>
    public static Guid ReadId(ref RecordReader reader)
    {
        var bytes = reader.Bytes();
        return bytes.Length == IdBytes ? new Guid(bytes) : throw Invalid();
    }

    private static InvalidDataException Invalid() => new("an entry of the shared cache is not one of this program's");
}
