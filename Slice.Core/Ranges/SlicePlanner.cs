namespace Slice.Core.Ranges;

/// <summary>Turns the bytes an answer needs into the slices that hold them.</summary>
public static class SlicePlanner
{
    /// <summary>
    /// The plan for <paramref name="range"/> of an object of <paramref name="completeLength"/> bytes. Allocates nothing. An empty range
    /// gives an empty plan.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// The range reaches past the object, or the object past <see cref="SliceGrid.MaxCompleteLength"/>: both are decided before planning.
    /// </exception>
    public static SlicePlan Plan(SliceGrid grid, ByteRange range, long completeLength)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(completeLength, grid.MaxCompleteLength);
        ArgumentOutOfRangeException.ThrowIfNegative(range.Start, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.End, completeLength, nameof(range));
        return new SlicePlan(grid, range);
    }
}
