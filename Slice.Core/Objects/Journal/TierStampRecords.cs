namespace Slice.Core.Objects.Journal;

/// <summary>
/// The records about what a shared tier had seen of objects. A program that does not know them refuses the index, as with every kind that
/// it does not know; the index of an instance without a shared cache has none. Pure.
/// </summary>
internal static class TierStampRecords
{
    private const long None = -1;

    /// <summary>The mark of the object that follows; nothing when it has none.</summary>
    public static void Write(RecordBuffer buffer, Generation generation)
    {
        if (generation.TierStamp is not { Mark: { } mark } stamp)
        {
            return;
        }

        buffer.Byte((byte)IndexRecordKind.Shared);
        buffer.Int64(mark.Removals);
        buffer.Int64(mark.Doubts);
        buffer.Int64(mark.Purges);
        buffer.Int64(stamp.LastPurge ?? None);
    }

    /// <summary>Reads what <see cref="Write"/> wrote, behind the kind.</summary>
    public static TierStamp Read(ref RecordReader reader)
    {
        var mark = new TierMark(reader.Int64(), reader.Int64(), reader.Int64());
        long lastPurge = reader.Int64();
        return new TierStamp(mark, lastPurge < 0 ? null : lastPurge);
    }
}
