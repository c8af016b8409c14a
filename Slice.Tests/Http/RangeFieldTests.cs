using System.Text;
using CsCheck;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Tests.Http;

public class RangeFieldTests
{
    [Theory]
    [Trait("Behaviour", "B2")]
    [Trait("Behaviour", "B5")]
    [InlineData("bytes=0-0", 10, "0-1")]
    [InlineData("bytes=0-", 10, "0-10")]
    [InlineData("bytes=9-9", 10, "9-10")]
    [InlineData("bytes=9-", 10, "9-10")]
    [InlineData("bytes=5-100", 10, "5-10")]
    [InlineData("bytes=-1", 10, "9-10")]
    [InlineData("bytes=-10", 10, "0-10")]
    [InlineData("bytes=-11", 10, "0-10")]
    [InlineData("BYTES=1-2", 10, "1-3")]
    [InlineData("bytes=00001-2", 10, "1-3")]
    [InlineData("bytes= 1-2 ", 10, "1-3")]
    [InlineData("bytes=1-2,", 10, "1-3")]
    [InlineData("bytes=,, 1-2 ,\t,4-4", 10, "1-3 4-5")]
    [InlineData("bytes=4-5,0-1,-1", 10, "4-6 0-2 9-10")]
    [InlineData("bytes=0-1,10-", 10, "0-2")]
    [InlineData("bytes=0-9223372036854775806", 10, "0-10")]
    [InlineData("bytes=0-9223372036854775807", 10, "0-10")]
    [InlineData("bytes=0-9223372036854775808", 10, "0-10")]
    [InlineData("bytes=0-18446744073709551615", 10, "0-10")]
    [InlineData("bytes=0-18446744073709551616", 10, "0-10")]
    [InlineData("bytes=0-99999999999999999999999999", 10, "0-10")]
    [InlineData("bytes=-99999999999999999999999999", 10, "0-10")]
    [InlineData("bytes=0-", long.MaxValue, "0-9223372036854775807")]
    [InlineData("bytes=1099511627776-1099511627776", 1L << 41, "1099511627776-1099511627777")]
    public void Range_satisfiable_resolves_to_half_open_bytes(string value, long completeLength, string ranges) =>
        Assert.Equal(ranges, Resolve(value, completeLength));

    [Theory]
    [Trait("Behaviour", "B3")]
    [Trait("Behaviour", "B5")]
    [InlineData("bytes=10-", 10)]
    [InlineData("bytes=10-11", 10)]
    [InlineData("bytes=-0", 10)]
    [InlineData("bytes=0-", 0)]
    [InlineData("bytes=-5", 0)]
    [InlineData("bytes=10-,-0", 10)]
    [InlineData("bytes=9223372036854775807-", 10)]
    [InlineData("bytes=18446744073709551616-18446744073709551617", 10)]
    public void Range_past_the_end_is_unsatisfiable(string value, long completeLength) => Assert.Equal("", Resolve(value, completeLength));

    [Theory]
    [Trait("Behaviour", "B4")]
    [InlineData("bytes=5-2")]
    [InlineData("bytes=1-0")]
    [InlineData("bytes=")]
    [InlineData("bytes=,")]
    [InlineData("bytes= , ")]
    [InlineData("bytes=-")]
    [InlineData("bytes=0-1,5-2")]
    [InlineData("bytes=0-1,-")]
    [InlineData("bytes=9223372036854775807-5")]
    [InlineData("bytes=99999999999999999999-5")]
    public void Range_inverted_or_empty_is_invalid(string value) => Assert.Equal(RangeFieldKind.Invalid416, Kind(value));

    [Theory]
    [Trait("Behaviour", "B4")]
    [InlineData("")]
    [InlineData("bytes")]
    [InlineData("bytes 0-1")]
    [InlineData("bytes =0-1")]
    [InlineData("items=0-1")]
    [InlineData("bytes2=0-1")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=1")]
    [InlineData("bytes=1-2-3")]
    [InlineData("bytes=--1")]
    [InlineData("bytes=+1-2")]
    [InlineData("bytes=1 -2")]
    [InlineData("bytes=1- 2")]
    [InlineData("bytes=0x1-2")]
    [InlineData("bytes=0-1;2-3")]
    [InlineData("bytes=0-1,x")]
    [InlineData("bytes=5-2,x")]
    public void Range_that_is_garbage_is_ignored(string value) => Assert.Equal(RangeFieldKind.Ignored, Kind(value));

    [Theory]
    [Trait("Behaviour", "B8")]
    [InlineData(3, RangeFieldKind.Specs)]
    [InlineData(2, RangeFieldKind.Ignored)]
    public void Range_with_more_members_than_room_is_ignored(int room, RangeFieldKind kind)
    {
        Assert.Equal(kind, RangeField.TryParse("bytes=0-0,2-2,4-4"u8, new RangeSpec[room], out int count));
        Assert.Equal(kind == RangeFieldKind.Specs ? 3 : 0, count);
    }

    [Fact]
    [Trait("Behaviour", "B5")]
    public void Spec_resolves_inside_the_object() =>
        Gen.Select(Gen.Long[0, 30], Gen.Long[0, 30], Gen.Long[0, 20], Gen.Bool).Sample((a, b, completeLength, isSuffix) =>
        {
            RangeSpec spec = isSuffix ? RangeSpec.Suffix(a) : RangeSpec.FromTo(Math.Min(a, b), Math.Max(a, b));
            long expected = isSuffix ? Math.Min(a, completeLength) : Math.Max(0, Math.Min(spec.Last, completeLength - 1) - spec.First + 1);
            return spec.Resolve(completeLength) is { } range
                ? range.Length == expected && new ByteRange(0, completeLength).Contains(range)
                : expected == 0;
        });

    [Fact]
    public void Spec_tells_what_was_written()
    {
        Assert.True(RangeSpec.Suffix(5).IsSuffix);
        Assert.Equal(5, RangeSpec.Suffix(5).SuffixLength);
        Assert.False(RangeSpec.From(5).IsSuffix);
        Assert.Equal(5, RangeSpec.From(5).First);
        Assert.Equal(long.MaxValue, RangeSpec.From(5).Last);
        Assert.Equal(0, RangeSpec.FromTo(1, 2).SuffixLength);
    }

    private static RangeFieldKind Kind(string value) => RangeField.TryParse(Encoding.Latin1.GetBytes(value), new RangeSpec[8], out _);

    private static string Resolve(string value, long completeLength)
    {
        var specs = new RangeSpec[8];
        var ranges = new ByteRange[8];
        Assert.Equal(RangeFieldKind.Specs, RangeField.TryParse(Encoding.Latin1.GetBytes(value), specs, out int specCount));
        int count = RangeField.Resolve(specs.AsSpan(0, specCount), completeLength, ranges);
        return string.Join(' ', ranges.Take(count).Select(range => $"{range.Start}-{range.End}"));
    }
}
