using CsCheck;
using Slice.Core.Ranges;

namespace Slice.Tests.Ranges;

public class ByteRangeTests
{
    private static readonly Gen<ByteRange> s_ranges = Gen.Select(
        Gen.Long[0, 40], Gen.Long[0, 20], (start, length) => new ByteRange(start, start + length));

    [Fact]
    public void Range_is_half_open()
    {
        var range = new ByteRange(2, 5);
        Assert.Equal(3, range.Length);
        Assert.False(range.Contains(1));
        Assert.True(range.Contains(2));
        Assert.True(range.Contains(4));
        Assert.False(range.Contains(5));
    }

    [Fact]
    public void Range_without_bytes_is_empty()
    {
        Assert.True(new ByteRange(7, 7).IsEmpty);
        Assert.False(new ByteRange(7, 8).IsEmpty);
    }

    [Fact]
    public void Intersect_holds_exactly_the_bytes_of_both() =>
        Gen.Select(s_ranges, s_ranges, Gen.Long[0, 60]).Sample((a, b, position) =>
            a.Intersect(b).Contains(position) == (a.Contains(position) && b.Contains(position)));

    [Fact]
    public void Intersect_is_never_negative_and_lies_in_both() =>
        Gen.Select(s_ranges, s_ranges).Sample((a, b) =>
        {
            ByteRange both = a.Intersect(b);
            return both.Length >= 0 && both.Length == b.Intersect(a).Length && a.Contains(both) && b.Contains(both);
        });

    [Fact]
    public void Contains_range_means_intersecting_changes_nothing() =>
        Gen.Select(s_ranges, s_ranges).Sample((a, b) => a.Contains(b) == (b.IsEmpty || a.Intersect(b) == b));
}
