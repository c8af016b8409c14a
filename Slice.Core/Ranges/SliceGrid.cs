namespace Slice.Core.Ranges;

/// <summary>
/// The absolute grid that cuts every object into slices: slice 0 starts at byte 0, and each slice but the last is
/// <see cref="SliceSizeBytes"/> long. Pure arithmetic; a slice index fits an <see cref="int"/> because objects longer than
/// <see cref="MaxCompleteLength"/> are refused (with the smallest configurable slice, 64 KiB, that is 128 TiB).
/// </summary>
public readonly record struct SliceGrid
{
    /// <summary>A grid of slices of <paramref name="sliceSizeBytes"/> bytes, 1 or more.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is not positive.</exception>
    public SliceGrid(int sliceSizeBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sliceSizeBytes);
        SliceSizeBytes = sliceSizeBytes;
    }

    /// <summary>Bytes per slice; only the last slice of an object may be shorter.</summary>
    public int SliceSizeBytes { get; }

    /// <summary>Longest object in bytes the grid can index. A longer one is passed through, not sliced.</summary>
    public long MaxCompleteLength => (long)SliceSizeBytes * int.MaxValue;

    /// <summary>Whether an object of <paramref name="completeLength"/> bytes can be sliced: 0 to <see cref="MaxCompleteLength"/>.</summary>
    public bool Covers(long completeLength) => completeLength >= 0 && completeLength <= MaxCompleteLength;

    /// <summary>
    /// Index of the slice that holds the byte at <paramref name="position"/>, which is from 0 to below <see cref="MaxCompleteLength"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is outside the grid.</exception>
    public int IndexOf(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, MaxCompleteLength);
        return (int)(position / SliceSizeBytes);
    }

    /// <summary>Number of slices of an object of <paramref name="completeLength"/> bytes; 0 for an empty object.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="Covers"/> is false for the length.</exception>
    public int CountFor(long completeLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(completeLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(completeLength, MaxCompleteLength);
        return completeLength == 0 ? 0 : (int)((completeLength - 1) / SliceSizeBytes) + 1;
    }

    /// <summary>
    /// The bytes of slice <paramref name="sliceIndex"/> of an object of <paramref name="completeLength"/> bytes; the last slice ends with
    /// the object (B14), and a slice past the end is empty.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The index or the length is negative.</exception>
    public ByteRange RangeOf(int sliceIndex, long completeLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sliceIndex);
        ArgumentOutOfRangeException.ThrowIfNegative(completeLength);
        long start = Math.Min((long)sliceIndex * SliceSizeBytes, completeLength);
        return new ByteRange(start, Math.Min(((long)sliceIndex + 1) * SliceSizeBytes, completeLength));
    }

    /// <summary>
    /// The bytes a slice covers while the complete length is still unknown: a whole slice, to be asked of the origin as it is.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public ByteRange RangeOf(int sliceIndex)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sliceIndex);
        return new ByteRange((long)sliceIndex * SliceSizeBytes, ((long)sliceIndex + 1) * SliceSizeBytes);
    }
}
