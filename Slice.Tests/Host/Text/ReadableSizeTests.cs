using Slice.Host.Text;

namespace Slice.Tests.Host.Text;

public sealed class ReadableSizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1_023, "1023 B")]
    [InlineData(1_024, "1 KiB")]
    [InlineData(1_572_864, "1.5 MiB")]
    [InlineData(7_654_321, "7.3 MiB")]
    [InlineData(1L << 30, "1 GiB")]
    [InlineData(1L << 40, "1 TiB")]
    [InlineData(long.MaxValue, "8388608 TiB")]
    public void Size_takes_the_largest_unit_and_one_decimal(long bytes, string expected) =>
        Assert.Equal(expected, ReadableSize.Format(bytes));
}
