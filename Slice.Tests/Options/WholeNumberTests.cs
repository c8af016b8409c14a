using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class WholeNumberTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("7", 7)]
    [InlineData("-1", -1)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    public void Number_of_digits_is_read(string text, long expected)
    {
        Assert.True(WholeNumber.TryParse(text, out long number));
        Assert.Equal(expected, number);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("+1")]
    [InlineData("--1")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("0644")] // Octal in YAML 1.1, decimal in YAML 1.2.
    [InlineData("-01")]
    [InlineData("0x10")]
    [InlineData("1_000")]
    [InlineData("1,000")]
    [InlineData("1.0")]
    [InlineData("1e3")]
    [InlineData("٣")] // A digit, but not of ASCII.
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    public void Anything_else_is_refused(string text) => Assert.False(WholeNumber.TryParse(text, out _));

    [Theory]
    [InlineData(long.MaxValue, 1, true)]
    [InlineData((1L << 62) - 1, 2, true)]
    [InlineData(1L << 62, 2, false)]
    [InlineData(-(1L << 62), 2, true)]
    [InlineData(-(1L << 62) - 1, 2, false)]
    public void Product_beyond_64_bits_is_refused(long number, long factor, bool fits)
    {
        Assert.Equal(fits, WholeNumber.TryMultiply(number, factor, out long product));
        Assert.Equal(fits ? number * factor : 0, product);
    }
}
