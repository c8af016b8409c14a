using Slice.Core.Ranges;

namespace Slice.Tests.Ranges;

public class SliceGridTests
{
    private const long Tebibyte = 1L << 40;

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Grid_size_that_is_not_positive_is_refused(int sliceSizeBytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new SliceGrid(sliceSizeBytes));

    [Theory]
    [Trait("Behaviour", "B5")]
    [InlineData(2, 0, 0)]
    [InlineData(2, 1, 0)]
    [InlineData(2, 2, 1)]
    [InlineData(1 << 20, (4L << 30) - 1, 4095)]
    [InlineData(1 << 20, 4L << 30, 4096)]
    [InlineData(1 << 16, Tebibyte - 1, (1 << 24) - 1)]
    [InlineData(2, (2L * int.MaxValue) - 1, int.MaxValue - 1)]
    public void IndexOf_position_names_the_slice_that_holds_it(int sliceSizeBytes, long position, int sliceIndex) =>
        Assert.Equal(sliceIndex, new SliceGrid(sliceSizeBytes).IndexOf(position));

    [Fact]
    public void IndexOf_position_outside_the_grid_is_refused()
    {
        var grid = new SliceGrid(2);
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.IndexOf(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.IndexOf(grid.MaxCompleteLength));
    }

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(2, 1, 1)]
    [InlineData(2, 2, 1)]
    [InlineData(2, 3, 2)]
    [InlineData(1 << 16, Tebibyte, 1 << 24)]
    [InlineData(1 << 16, Tebibyte + 1, (1 << 24) + 1)]
    [InlineData(2, 2L * int.MaxValue, int.MaxValue)]
    public void CountFor_length_counts_the_short_last_slice(int sliceSizeBytes, long completeLength, int count) =>
        Assert.Equal(count, new SliceGrid(sliceSizeBytes).CountFor(completeLength));

    [Fact]
    public void CountFor_length_beyond_the_grid_is_refused()
    {
        var grid = new SliceGrid(2);
        Assert.True(grid.Covers(grid.MaxCompleteLength));
        Assert.False(grid.Covers(grid.MaxCompleteLength + 1));
        Assert.False(grid.Covers(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => grid.CountFor(grid.MaxCompleteLength + 1));
    }

    [Theory]
    [InlineData(0, 0, 2)]
    [InlineData(2, 4, 5)]
    [InlineData(3, 5, 5)]
    public void RangeOf_slice_ends_with_the_object(int sliceIndex, long start, long end) =>
        Assert.Equal(new ByteRange(start, end), new SliceGrid(2).RangeOf(sliceIndex, 5));

    [Fact]
    public void RangeOf_slice_of_unknown_length_is_whole() =>
        Assert.Equal(new ByteRange(1L << 45, (1L << 45) + (1 << 20)), new SliceGrid(1 << 20).RangeOf(1 << 25));
}
