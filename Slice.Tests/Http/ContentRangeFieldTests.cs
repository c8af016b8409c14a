using System.Text;
using CsCheck;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Tests.Http;

public class ContentRangeFieldTests
{
    [Theory]
    [Trait("Behaviour", "B16")]
    [InlineData("bytes 0-0/1", ContentRangeKind.Range, 0, 1, 1)]
    [InlineData("bytes 2-4/10", ContentRangeKind.Range, 2, 5, 10)]
    [InlineData("Bytes 0-9/10", ContentRangeKind.Range, 0, 10, 10)]
    [InlineData("bytes 0-9223372036854775806/9223372036854775807", ContentRangeKind.Range, 0, long.MaxValue, long.MaxValue)]
    [InlineData("bytes 2-4/*", ContentRangeKind.RangeOfUnknownLength, 2, 5, -1)]
    [InlineData("bytes */10", ContentRangeKind.Unsatisfied, 0, 0, 10)]
    [InlineData("bytes */0", ContentRangeKind.Unsatisfied, 0, 0, 0)]
    public void ContentRange_is_read_half_open(string value, ContentRangeKind kind, long start, long end, long completeLength) =>
        Assert.Equal(
            new ContentRangeField(kind, new ByteRange(start, end), completeLength),
            ContentRangeField.Parse(Encoding.Latin1.GetBytes(value)));

    [Theory]
    [Trait("Behaviour", "B5")]
    [Trait("Behaviour", "B16")]
    [InlineData("")]
    [InlineData("bytes")]
    [InlineData("bytes ")]
    [InlineData("bytes /")]
    [InlineData("bytes 0-9")]
    [InlineData("bytes 0-9/")]
    [InlineData("bytes /10")]
    [InlineData("bytes */*")]
    [InlineData("bytes 4-2/10")]
    [InlineData("bytes 0-10/10")]
    [InlineData("bytes 10-10/10")]
    [InlineData("bytes 0-0/0")]
    [InlineData("bytes -5/10")]
    [InlineData("bytes 5-/10")]
    [InlineData("bytes=0-9/10")]
    [InlineData("bytes  0-9/10")]
    [InlineData("bytes 0 - 9/10")]
    [InlineData("bytes 0-9/ 10")]
    [InlineData("bytes 0-9/10/11")]
    [InlineData("bytes +0-9/10")]
    [InlineData("items 0-9/10")]
    [InlineData("0-9/10")]
    [InlineData("bytes 0-9/9223372036854775808")]
    [InlineData("bytes 0-9223372036854775807/*")]
    [InlineData("bytes 0-18446744073709551616/*")]
    public void ContentRange_that_cannot_be_believed_is_invalid(string value) =>
        Assert.Equal(ContentRangeKind.Invalid, ContentRangeField.Parse(Encoding.Latin1.GetBytes(value)).Kind);

    [Fact]
    public void ContentRange_written_reads_back() =>
        Gen.Select(Gen.Long[0, long.MaxValue / 4], Gen.Long[1, long.MaxValue / 4], Gen.Long[0, long.MaxValue / 4])
            .Sample((start, length, tail) =>
            {
                var range = new ByteRange(start, start + length);
                byte[] bytes = new byte[ContentRangeField.MaxBytes];
                int written = ContentRangeField.Write(range, range.End + tail, bytes);
                return ContentRangeField.Parse(bytes.AsSpan(0, written))
                    == new ContentRangeField(ContentRangeKind.Range, range, range.End + tail);
            });

    [Fact]
    public void ContentRange_at_its_longest_fits()
    {
        byte[] bytes = new byte[ContentRangeField.MaxBytes];
        int written = ContentRangeField.Write(new ByteRange(long.MaxValue - 1, long.MaxValue), long.MaxValue, bytes);
        Assert.Equal("bytes 9223372036854775806-9223372036854775806/9223372036854775807", Encoding.Latin1.GetString(bytes, 0, written));
        Assert.Equal(ContentRangeField.MaxBytes, written);
    }

    [Fact]
    [Trait("Behaviour", "B3")]
    public void ContentRange_unsatisfied_is_written_with_the_length()
    {
        byte[] bytes = new byte[ContentRangeField.MaxBytes];
        Assert.Equal("bytes */10", Encoding.Latin1.GetString(bytes, 0, ContentRangeField.WriteUnsatisfied(10, bytes)));
    }

    [Theory]
    [InlineData(0, 0, 10)]
    [InlineData(5, 11, 10)]
    [InlineData(-1, 2, 10)]
    public void ContentRange_of_no_bytes_is_not_written(long start, long end, long completeLength) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => ContentRangeField.Write(new ByteRange(start, end), completeLength, new byte[ContentRangeField.MaxBytes]));
}
