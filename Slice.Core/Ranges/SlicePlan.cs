namespace Slice.Core.Ranges;

/// <summary>
/// The ordered parts of slices that together are exactly one <see cref="ByteRange"/>. Parts are computed when asked for, so a plan over
/// sixteen million slices costs as much memory as a plan over one. Made by <see cref="SlicePlanner"/>.
/// </summary>
public readonly struct SlicePlan
{
    private readonly SliceGrid _grid;

    internal SlicePlan(SliceGrid grid, ByteRange range)
    {
        _grid = grid;
        Range = range;
        if (!range.IsEmpty)
        {
            FirstSliceIndex = grid.IndexOf(range.Start);
            Count = grid.IndexOf(range.End - 1) - FirstSliceIndex + 1;
        }
    }

    /// <summary>The bytes the plan covers.</summary>
    public ByteRange Range { get; }

    /// <summary>Slice of the first part; 0 when the plan is empty.</summary>
    public int FirstSliceIndex { get; }

    /// <summary>Number of parts; 0 for an empty range.</summary>
    public int Count { get; }

    /// <summary>The part at <paramref name="ordinal"/>, 0 to below <see cref="Count"/>, in the order of the answer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such part.</exception>
    public SlicePart this[int ordinal]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)ordinal, (uint)Count, nameof(ordinal));
            int sliceIndex = FirstSliceIndex + ordinal;
            ByteRange slice = _grid.RangeOf(sliceIndex);
            ByteRange wanted = Range.Intersect(slice);
            return new SlicePart(sliceIndex, (int)(wanted.Start - slice.Start), (int)wanted.Length);
        }
    }

    /// <summary>Enumerates the parts in order, for <c>foreach</c> without allocation.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Walks over the parts of one plan.</summary>
    public struct Enumerator
    {
        private readonly SlicePlan _plan;
        private int _ordinal = -1;

        internal Enumerator(SlicePlan plan) => _plan = plan;

        /// <summary>The current part; valid after <see cref="MoveNext"/> returned true.</summary>
        public readonly SlicePart Current => _plan[_ordinal];

        /// <summary>Goes to the next part; false after the last.</summary>
        public bool MoveNext() => ++_ordinal < _plan.Count;
    }
}
