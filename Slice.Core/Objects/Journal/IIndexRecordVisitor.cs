using Slice.Core.Caching;
using Slice.Core.Ranges;
using Slice.Core.Storage;

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

/// <summary>Receives the records of an index in the order in which things happened. All are allowed at any time, also twice.</summary>
internal interface IIndexRecordVisitor
{
    /// <summary>Whether the record visited last said that the store was closed.</summary>
    bool IsClosed { get; set; }

    /// <summary>An object was published.</summary>
    void Object(IndexedObject indexed);

    /// <summary>Its stored response was replaced.</summary>
    void Freshened(uint id, StoredResponse response);

    /// <summary>It ended, and its slices with it.</summary>
    void ObjectGone(uint id);

    /// <summary>A slice was stored.</summary>
    void Slice(IndexedSlice indexed);

    /// <summary>A slice was evicted or dropped.</summary>
    void SliceGone(uint id, int sliceIndex);
}

/// <summary>An object, as the index has it.</summary>
/// <param name="Id">Its number; objects published later have larger ones.</param>
/// <param name="Key">Its key.</param>
/// <param name="Grid">The grid it is cut on.</param>
/// <param name="IsWhole">Whether it can only be had as a whole.</param>
/// <param name="Selecting">What selects it.</param>
/// <param name="Response">Its stored response.</param>
internal sealed record IndexedObject(uint Id, CacheKey Key, SliceGrid Grid, bool IsWhole, SelectingFields? Selecting, StoredResponse Response);

/// <summary>A slice, as the index has it.</summary>
/// <param name="Id">Number of its object.</param>
/// <param name="SliceIndex">Its index in the object's grid.</param>
/// <param name="Segment">Number of its segment.</param>
/// <param name="OffsetBytes">Where it begins there.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="Checksum">Its checksum.</param>
/// <param name="Queue">Where it stood with eviction.</param>
/// <param name="Uses">How often it had been used.</param>
internal readonly record struct IndexedSlice(
    uint Id, int SliceIndex, int Segment, int OffsetBytes, int LengthBytes, uint Checksum, SliceQueue Queue, int Uses)
{
    /// <summary>Whether an object of this length can have it, in a place where slices are.</summary>
    public bool Fits(SliceGrid grid, long completeLength) =>
        SliceIndex >= 0
        && SliceIndex < grid.CountFor(completeLength)
        && LengthBytes == grid.RangeOf(SliceIndex, completeLength).Length
        && OffsetBytes >= 0
        && OffsetBytes % ExtentAllocator.UnitBytes == 0
        && Queue is SliceQueue.Small or SliceQueue.Main
        && Uses is >= 0 and <= S3FifoEviction.MaxUses;
}
