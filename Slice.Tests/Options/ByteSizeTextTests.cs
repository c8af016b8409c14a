using CsCheck;
using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class ByteSizeTextTests
{
    [Theory]
    [InlineData("1048576", 1L << 20)]
    [InlineData("0", 0)]
    [InlineData("-1", -1)]
    [InlineData("512B", 512)]
    [InlineData("1KB", 1_000)]
    [InlineData("1KiB", 1_024)]
    [InlineData("2MB", 2_000_000)]
    [InlineData("2MiB", 2L << 20)]
    [InlineData("3GB", 3_000_000_000)]
    [InlineData("3GiB", 3L << 30)]
    [InlineData("4TB", 4_000_000_000_000)]
    [InlineData("4TiB", 4L << 40)]
    [InlineData("1mib", 1L << 20)]
    [InlineData("1m", 1L << 20)] // As in nginx.
    [InlineData("1M", 1L << 20)]
    [InlineData("512k", 512L << 10)]
    [InlineData("10g", 10L << 30)]
    [InlineData("2 T", 2L << 40)]
    [InlineData("1 MiB", 1L << 20)]
    [InlineData("8388607TiB", 8_388_607L << 40)]
    public void Size_with_or_without_unit_is_read_as_bytes(string text, long expected)
    {
        Assert.True(ByteSizeText.TryParse(text, out long sizeBytes));
        Assert.Equal(expected, sizeBytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("m")]
    [InlineData("1Mi")]
    [InlineData("1.5MiB")]
    [InlineData("1MiB ")]
    [InlineData("1\tMiB")]
    [InlineData("01MiB")]
    [InlineData("1PiB")]
    [InlineData("8388608TiB")]
    [InlineData("9223372036854775808")]
    public void Size_of_unknown_unit_or_beyond_64_bits_is_refused(string text) => Assert.False(ByteSizeText.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(1_000, "1000")]
    [InlineData(1_023, "1023")]
    [InlineData(1_024, "1KiB")]
    [InlineData(1_025, "1025")]
    [InlineData(1_536, "1536")]
    [InlineData(10L << 20, "10MiB")]
    [InlineData((1L << 30) + (1L << 20), "1025MiB")]
    [InlineData(64L << 40, "64TiB")]
    [InlineData(-1_024, "-1024")]
    public void Size_is_written_with_the_largest_binary_unit_that_divides_it(long sizeBytes, string expected) =>
        Assert.Equal(expected, ByteSizeText.Format(sizeBytes));

    [Fact]
    public void Size_written_reads_back() =>
        Gen.OneOf(Gen.Long, Gen.Int.Select(Gen.Int[0, 32], (number, shift) => (long)number << shift))
            .Sample(sizeBytes => ByteSizeText.TryParse(ByteSizeText.Format(sizeBytes), out long read) && read == sizeBytes);
}
