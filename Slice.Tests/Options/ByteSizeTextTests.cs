using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class ByteSizeTextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1048576", 1 << 20)]
    [InlineData("1MiB", 1 << 20)]
    [InlineData("1 MiB", 1 << 20)]
    [InlineData("1mib", 1 << 20)]
    [InlineData("2KB", 2000)]
    [InlineData("64KiB", 65536)]
    [InlineData("10GiB", 10L << 30)]
    [InlineData("3TiB", 3L << 40)]
    [InlineData("7B", 7)]
    [InlineData("-5", -5)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Size_is_read(string text, long expected)
    {
        Assert.True(ByteSizeText.TryParse(text, out long sizeBytes));
        Assert.Equal(expected, sizeBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("1.5MiB")]
    [InlineData("1m")]
    [InlineData("1k")]
    [InlineData("0644")]
    [InlineData("1MiBs")]
    [InlineData("1 000")]
    [InlineData("+1")]
    [InlineData("9223372036854775808")]
    [InlineData("8388608TiB")]
    public void What_is_no_size_is_refused(string text) => Assert.False(ByteSizeText.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(1023, "1023")]
    [InlineData(1024, "1KiB")]
    [InlineData(1 << 20, "1MiB")]
    [InlineData((1 << 20) + 1, "1048577")]
    [InlineData(1536L << 20, "1536MiB")]
    [InlineData(1L << 40, "1TiB")]
    public void Size_is_written_with_the_largest_unit_that_divides_it(long sizeBytes, string expected)
    {
        Assert.Equal(expected, ByteSizeText.Format(sizeBytes));
        Assert.True(ByteSizeText.TryParse(expected, out long back));
        Assert.Equal(sizeBytes, back);
    }
}
