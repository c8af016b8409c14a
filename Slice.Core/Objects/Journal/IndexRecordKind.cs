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
}
