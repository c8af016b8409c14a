using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("30", 30_000)]
    [InlineData("30s", 30_000)]
    [InlineData("500ms", 500)]
    [InlineData("5m", 300_000)]
    [InlineData("1H", 3_600_000)]
    [InlineData("7 d", 604_800_000)]
    [InlineData("-1", -1_000)]
    public void Duration_is_read(string text, long expectedMs)
    {
        Assert.True(DurationText.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromMilliseconds(expectedMs), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("1.5s")]
    [InlineData("1w")]
    [InlineData("01s")]
    [InlineData("1h30m")]
    [InlineData("9223372036854775807")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(500, "500ms")]
    [InlineData(1_000, "1s")]
    [InlineData(75_000, "75s")]
    [InlineData(60_000, "1m")]
    [InlineData(3_600_000, "1h")]
    [InlineData(86_400_000, "1d")]
    public void Duration_is_written_with_the_largest_unit_that_divides_it(long milliseconds, string expected)
    {
        Assert.Equal(expected, DurationText.Format(TimeSpan.FromMilliseconds(milliseconds)));
        Assert.True(DurationText.TryParse(expected, out TimeSpan back));
        Assert.Equal(milliseconds, back.TotalMilliseconds);
    }
}
