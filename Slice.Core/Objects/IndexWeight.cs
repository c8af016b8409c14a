namespace Slice.Core.Objects;

/// <summary>What the record of an object weighs: in the memory of the process, and in the journal. Pure.</summary>
internal static class IndexWeight
{
    // A slice in the index, with its reference from the table and its place in the ghosts of eviction.
    private const int SliceBytes = 72;

    // What a record takes besides its key, its head and its slices: the objects themselves, and their places in three tables. Counted in
    // the fields of the types.
    private const int RecordBytes = 680;

    // Memory of the process for memory that is in use, in halves. While records come and go the collector lets what is gone lie until it is
    // about as much as what is there. Measured: 24 MiB of redirects in use were 50 MiB of the process, 32 MiB were 66.
    private const int HalvesPerByte = 5;

    // As Journal.IndexRecords writes them.
    private const int ObjectRecordBytes = 94;
    private const int SelectingRecordBytes = 8;
    private const int SliceRecordBytes = 24;
    private const int TagsRecordBytes = 10;
    private const int TierStampRecordBytes = 33;

    /// <summary>Bytes of the process's memory that an object takes in the index now, about.</summary>
    public static long MemoryBytesOf(Generation generation)
    {
        long tableBytes = generation.Table.Bytes + ((long)SliceBytes * generation.StoredSlices);
        long keyBytes = generation.Key.Bytes.Length + SiblingKeys.BytesOf(generation.Key);
        return (RecordBytes + keyBytes + generation.Response.Bytes + (generation.Selecting?.Bytes ?? 0) + tableBytes) * HalvesPerByte / 2;
    }

    /// <summary>Bytes that an object has in a journal that says nothing twice.</summary>
    public static long JournalBytesOf(Generation generation)
    {
        var response = generation.Response;
        long bytes = ObjectRecordBytes + generation.Key.Bytes.Length + response.FieldLines.Length
            + ((long)SliceRecordBytes * generation.StoredSlices)
            + (response.Validator.EntityTag?.Length ?? 0) + (response.Validator.LastModified?.Length ?? 0);
        if (response.Tags is { } tags)
        {
            bytes += TagsRecordBytes + (sizeof(ulong) * tags.Hashes.Length);
        }

        if (generation.TierMark is not null)
        {
            bytes += TierStampRecordBytes;
        }

        for (int index = 0; index < generation.Selecting?.Fields.Length; index++)
        {
            var (name, value) = generation.Selecting.Fields[index];
            bytes += SelectingRecordBytes + name.Length + value.Length;
        }

        return bytes;
    }
}
