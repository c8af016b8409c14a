using CsCheck;
using Slice.Core.Ranges;

namespace Slice.Tests.Ranges;

public class SlicePlannerTests
{
    // Tiny slices of tiny objects, and ranges of a few slices around 4 GiB and 1 TiB.
    private static readonly Gen<(SliceGrid Grid, ByteRange Range, long CompleteLength)> s_tiny =
        from sliceSizeBytes in Gen.Int[1, 5]
        from completeLength in Gen.Long[0, 40]
        from start in Gen.Long[0, completeLength]
        from end in Gen.Long[start, completeLength]
        select (new SliceGrid(sliceSizeBytes), new ByteRange(start, end), completeLength);

    private static readonly Gen<(SliceGrid Grid, ByteRange Range, long CompleteLength)> s_huge =
        from sliceSizeBytes in Gen.Int[1 << 16, 10 << 20]
        from exponent in Gen.OneOf(Gen.Const(32), Gen.Const(40), Gen.Const(46))
        let around = 1L << exponent
        from start in Gen.Long[around - (3 * sliceSizeBytes), around + (3 * sliceSizeBytes)]
        from length in Gen.Long[0, 5L * sliceSizeBytes]
        from tail in Gen.Long[0, 2L * sliceSizeBytes]
        select (new SliceGrid(sliceSizeBytes), new ByteRange(start, start + length), start + length + tail);

    [Fact]
    public void Plan_parts_are_contiguous_and_cover_exactly_the_range() =>
        Gen.OneOf(s_tiny, s_huge).Sample((grid, range, completeLength) =>
        {
            long position = range.Start;
            foreach (SlicePart part in SlicePlanner.Plan(grid, range, completeLength))
            {
                Assert.Equal(position, ((long)part.SliceIndex * grid.SliceSizeBytes) + part.SkipBytes);
                position += part.TakeBytes;
            }

            Assert.Equal(range.End, position);
        });

    [Fact]
    public void Plan_parts_lie_within_their_slices() =>
        Gen.OneOf(s_tiny, s_huge).Sample((grid, range, completeLength) =>
        {
            foreach (SlicePart part in SlicePlanner.Plan(grid, range, completeLength))
            {
                Assert.True(part.SkipBytes >= 0 && part.TakeBytes > 0);
                Assert.True(part.SkipBytes + part.TakeBytes <= grid.RangeOf(part.SliceIndex, completeLength).Length);
            }
        });

    [Fact]
    public void Plan_count_and_indexer_agree_with_enumeration() =>
        Gen.OneOf(s_tiny, s_huge).Sample((grid, range, completeLength) =>
        {
            SlicePlan plan = SlicePlanner.Plan(grid, range, completeLength);
            int ordinal = 0;
            foreach (SlicePart part in plan)
            {
                Assert.Equal(part, plan[ordinal]);
                Assert.Equal(plan.FirstSliceIndex + ordinal, part.SliceIndex);
                ordinal++;
            }

            Assert.Equal(plan.Count, ordinal);
        });

    [Fact]
    public void Plan_across_a_boundary_skips_and_takes()
    {
        SlicePlan plan = SlicePlanner.Plan(new SliceGrid(4), new ByteRange(3, 9), 10);
        Assert.Equal([new SlicePart(0, 3, 1), new SlicePart(1, 0, 4), new SlicePart(2, 0, 1)], [plan[0], plan[1], plan[2]]);
        Assert.Equal(3, plan.Count);
    }

    [Fact]
    [Trait("Behaviour", "B5")]
    public void Plan_of_a_tebibyte_is_not_materialised()
    {
        SlicePlan plan = SlicePlanner.Plan(new SliceGrid(1 << 16), new ByteRange(0, 1L << 40), 1L << 40);
        Assert.Equal(1 << 24, plan.Count);
        Assert.Equal(new SlicePart((1 << 24) - 1, 0, 1 << 16), plan[(1 << 24) - 1]);
    }

    [Fact]
    public void Plan_of_nothing_is_empty() =>
        Assert.Equal(0, SlicePlanner.Plan(new SliceGrid(4), new ByteRange(4, 4), 4).Count);

    [Fact]
    public void Plan_outside_the_object_is_refused()
    {
        var grid = new SliceGrid(2);
        Assert.Throws<ArgumentOutOfRangeException>(() => SlicePlanner.Plan(grid, new ByteRange(0, 5), 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => SlicePlanner.Plan(grid, new ByteRange(-1, 2), 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => SlicePlanner.Plan(grid, new ByteRange(0, 1), grid.MaxCompleteLength + 1));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void Plan_part_that_does_not_exist_is_refused(int ordinal) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SlicePlanner.Plan(new SliceGrid(2), new ByteRange(0, 4), 4)[ordinal]);
}
