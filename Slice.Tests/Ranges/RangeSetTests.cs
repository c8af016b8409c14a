using System.Globalization;
using CsCheck;
using Slice.Core.Ranges;

namespace Slice.Tests.Ranges;

public sealed class RangeSetTests
{
    private const int Overhead = 10;

    [Theory]
    [InlineData("0-1 50-60", "0-1 50-60")]
    [InlineData("50-60 0-1", "50-60 0-1")]
    [InlineData("0-5 5-9", "0-9")]
    [InlineData("0-5 14-20", "0-20")]
    [InlineData("0-5 15-20", "0-5 15-20")]
    [InlineData("50-60 0-1 55-70", "50-70 0-1")]
    [InlineData("0-100 10-20", "0-100")]
    [InlineData("80-90 40-50 0-10 85-95 45-46", "80-95 40-50 0-10")]
    [InlineData("0-1 0-1 0-1", "0-1")]
    [Trait("Behaviour", "B8")]
    public void Ranges_that_touch_are_one_part_and_parts_keep_the_order_of_the_request(string asked, string parts) =>
        Assert.Equal(Ranges(parts), RangeSet.Coalesce(Ranges(asked), Overhead));

    [Fact]
    [Trait("Behaviour", "B8")]
    public void Every_byte_asked_for_is_in_exactly_one_part_and_gaps_are_cheaper_than_parts() =>
        Gen.Select(Gen.Long[0, 500], Gen.Long[1, 60]).Array[1, 30].Sample(asked =>
        {
            var ranges = asked.Select(pair => new ByteRange(pair.Item1, pair.Item1 + pair.Item2)).ToArray();
            var parts = RangeSet.Coalesce(ranges, Overhead);
            var covered = parts.SelectMany(part => Positions(part)).ToArray();
            var wanted = ranges.SelectMany(Positions).ToHashSet();
            return covered.Length == covered.Distinct().Count()
                && wanted.IsSubsetOf(covered)
                && covered.Length - wanted.Count < Overhead * ranges.Length
                && parts.Length <= ranges.Length;
        });

    [Theory]
    [InlineData("0-50 50-100", false)]
    [InlineData("0-50 50-100 0-1", true)]
    [InlineData("0-100", false)]
    [InlineData("0-100 0-100", true)]
    [Trait("Behaviour", "B8")]
    public void More_bytes_than_there_are_is_abuse(string ranges, bool isAbuse) =>
        Assert.Equal(isAbuse, RangeSet.ExceedsObject(Ranges(ranges), 100));

    [Fact]
    [Trait("Behaviour", "B8")]
    public void Sum_of_ranges_does_not_overflow() =>
        Assert.True(RangeSet.ExceedsObject([new ByteRange(0, long.MaxValue), new ByteRange(0, long.MaxValue)], long.MaxValue));

    private static IEnumerable<long> Positions(ByteRange range) =>
        Enumerable.Range(0, (int)range.Length).Select(offset => range.Start + offset);

    private static ByteRange[] Ranges(string text) =>
    [
        .. text.Split(' ')
            .Select(range => range.Split('-'))
            .Select(ends => new ByteRange(
                long.Parse(ends[0], CultureInfo.InvariantCulture),
                long.Parse(ends[1], CultureInfo.InvariantCulture))),
    ];
}
