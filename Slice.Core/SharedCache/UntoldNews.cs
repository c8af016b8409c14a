using System.IO.Hashing;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;

namespace Slice.Core.SharedCache;

/// <summary>
/// What an instance still has to tell the others, as its file beside the cache has it: whoever starts there next tells it. Immutable.
/// </summary>
/// <remarks>
/// Records of the index (<see cref="RecordBuffer"/>): "PSLICESU", version, what the logs belong to (<see cref="TierNames.Fleet"/>), what
/// was dropped, the events as an entry of the log, and the purges in the same way. Behind them XxHash3 of all of it (8 bytes).
/// </remarks>
/// <param name="Events">The events, whose successors nobody knows any more.</param>
/// <param name="Purges">The purges of many objects.</param>
/// <param name="HasDropped">Whether there was more than there was room for.</param>
/// <param name="HasDroppedRemoval">Whether some of that took objects away.</param>
internal sealed record UntoldNews(IReadOnlyList<TierEvent> Events, IReadOnlyList<Purge> Purges, bool HasDropped, bool HasDroppedRemoval)
{
    /// <summary>Most bytes of the file: above them it says that all is to be purged. Arbitrary; some thousand events.</summary>
    public const int MostBytes = 1 << 20;

    private const int Version = 1;
    private const byte Dropped = 1;
    private const byte DroppedRemoval = 2;

    /// <summary>Whether there is nothing to tell.</summary>
    public bool IsEmpty => Events.Count == 0 && Purges.Count == 0 && !HasDropped;

    private static ReadOnlySpan<byte> Magic => "PSLICESU"u8;

    /// <summary>The bytes of the file.</summary>
    public byte[] Write(TierVersion fleet)
    {
        var buffer = new RecordBuffer();
        Span<byte> fleetBytes = stackalloc byte[TierVersion.SizeBytes];
        fleet.Write(fleetBytes);
        buffer.Bytes(Magic);
        buffer.Int32(Version);
        buffer.Bytes(fleetBytes);
        buffer.Byte((byte)((HasDropped ? Dropped : 0) | (HasDroppedRemoval ? DroppedRemoval : 0)));
        var entry = new RecordBuffer();
        TierNewsRecords.Write(entry, Guid.Empty, [], Events);
        buffer.Bytes(entry.Written);
        buffer.Int32(Purges.Count);
        foreach (var purge in Purges)
        {
            entry.Clear(MostBytes);
            TierNewsRecords.Write(entry, Guid.Empty, [], purge);
            buffer.Bytes(entry.Written);
        }

        buffer.Int64((long)XxHash3.HashToUInt64(buffer.Written));
        return buffer.Length <= MostBytes ? buffer.Written.ToArray() : AllOf().Write(fleet);
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote. Of a damaged file nobody knows what it said: all is to be validated. Null for what was to be
    /// told to other instances than these.
    /// </summary>
    public static UntoldNews? Read(ReadOnlySpan<byte> bytes, TierVersion fleet, Instant now)
    {
        try
        {
            var reader = new RecordReader(bytes);
            bool isOurs = reader.Bytes().SequenceEqual(Magic) & reader.Int32() == Version;
            if (!isOurs || XxHash3.HashToUInt64(bytes[..^sizeof(ulong)]) != (ulong)new RecordReader(bytes[^sizeof(ulong)..]).Int64())
            {
                return Unknown();
            }

            var told = TierVersion.Read(reader.Bytes());
            byte dropped = reader.Byte();
            var events = TierNewsRecords.Read(reader.Bytes()).Events;
            var purges = new Purge[reader.Int32()];
            for (int index = 0; index < purges.Length; index++)
            {
                purges[index] = TierNewsRecords.ReadPurge(reader.Bytes(), now).Purge;
            }

            return told == fleet ? new UntoldNews(events, purges, (dropped & Dropped) != 0, (dropped & DroppedRemoval) != 0) : null;
        }
        catch (InvalidDataException)
        {
            return Unknown();
        }
    }

    private static UntoldNews Unknown() => new([], [], HasDropped: true, HasDroppedRemoval: false);

    private UntoldNews AllOf() => new(
        [],
        [],
        HasDropped: true,
        HasDroppedRemoval || Events.Any(static told => told.IsRemoval) || Purges.Any(static purge => !purge.IsSoft));
}
