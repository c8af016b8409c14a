using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Objects.Journal;

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
