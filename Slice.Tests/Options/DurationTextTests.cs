using CsCheck;
using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("30", 30_000)]
    [InlineData("0", 0)]
    [InlineData("-1", -1_000)]
    [InlineData("500ms", 500)]
    [InlineData("30s", 30_000)]
    [InlineData("5m", 300_000)]
    [InlineData("5 m", 300_000)]
    [InlineData("1H", 3_600_000)]
    [InlineData("2w", 1_209_600_000)]
    [InlineData("1y", 31_536_000_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1h 30m", 5_400_000)]
    [InlineData("1d12h30m15s250ms", 131_415_250)]
    [InlineData("90m", 5_400_000)]
    [InlineData("0h5s", 5_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("365d", 31_536_000_000)]
    public void Duration_with_or_without_unit_is_read(string text, long expectedMs)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromMilliseconds(expectedMs), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("1.5s")]
    [InlineData("5M")] // A month in nginx.
    [InlineData("1h30M")]
    [InlineData("1min")]
    [InlineData("1h30")]
    [InlineData("30m1h")]
    [InlineData("1h1h")]
    [InlineData("1m1m")]
    [InlineData("-1h30m")]
    [InlineData("1h-30m")]
    [InlineData("1h,30m")]
    [InlineData("1h\t30m")]
    [InlineData("1h30m ")]
    [InlineData("h30m")]
    [InlineData("00:30")]
    [InlineData("29248y")]
    [InlineData("9223372036854775807y9223372036854775807w")]
    [InlineData("30s ")]
    [InlineData("922337203686s")] // One more than TimeSpan can hold.
    public void Duration_of_unknown_form_or_beyond_a_time_span_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Fact]
    public void Longest_duration_of_a_time_span_is_read()
    {
        Assert.True(DurationText.TryParse("922337203685s", out TimeSpan duration));
        Assert.Equal(TimeSpan.FromSeconds(922_337_203_685), duration);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "1ms")]
    [InlineData(999, "999ms")]
    [InlineData(1_000, "1s")]
    [InlineData(1_500, "1500ms")]
    [InlineData(60_000, "1m")]
    [InlineData(90_000, "90s")]
    [InlineData(7_200_000, "2h")]
    [InlineData(86_400_000, "1d")]
    [InlineData(-60_000, "-1m")]
    public void Duration_is_written_with_the_largest_unit_that_divides_it(long milliseconds, string expected) =>
        Assert.Equal(expected, DurationText.Format(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Parts_of_a_millisecond_are_dropped() => Assert.Equal("2ms", DurationText.Format(TimeSpan.FromMilliseconds(2.9)));

    [Fact]
    public void Duration_of_whole_milliseconds_written_reads_back() =>
        Gen.Long[-922_337_203_685_000, 922_337_203_685_000].Sample(milliseconds =>
        {
            TimeSpan duration = new(milliseconds * TimeSpan.TicksPerMillisecond);
            return DurationText.TryParse(DurationText.Format(duration), out TimeSpan read) && read == duration;
        });
}
