namespace Slice.Core.Objects.Journal;

/// <summary>The kinds of records; the numbers are on disk.</summary>
internal enum IndexRecordKind : byte
{
    /// <summary>An object.</summary>
    Object = 1,

    /// <summary>An object's stored response, replaced.</summary>
    Freshened = 2,

    /// <summary>The end of an object.</summary>
    ObjectGone = 3,

    /// <summary>A slice.</summary>
    Slice = 4,

    /// <summary>The end of a slice.</summary>
    SliceGone = 5,

    /// <summary>The end of the process, in order.</summary>
    Closed = 6,

    /// <summary>
    /// The tags of the response in the next record, which is of the kind <see cref="Object"/> or <see cref="Freshened"/>.
    /// </summary>
    Tags = 7,

    /// <summary>A purge of many objects: of those that were written before it.</summary>
    Purged = 8,

    /// <summary>The purges up to a number have no objects any more that were not written as gone or stale.</summary>
    Swept = 9,

    /// <summary>What the shared tier had seen of the object in the next record, which is of the kind <see cref="Object"/>.</summary>
    Shared = 10,
}
