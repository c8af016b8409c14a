using System.Text;
using Slice.Core.Http;
using Slice.Core.Ranges;

namespace Slice.Tests.Http;

public class ResponseHeadWriterTests
{
    private const string PartialHead =
        "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: 3\r\nContent-Range: bytes 2-4/10\r\n"
        + "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nVia: 1.1 slice\r\n\r\n";

    [Fact]
    public void Head_is_written_byte_for_byte()
    {
        byte[] destination = new byte[512];
        var writer = new ResponseHeadWriter(destination);
        Assert.True(WritePartialHead(ref writer));
        Assert.Equal(PartialHead, Encoding.Latin1.GetString(destination, 0, writer.BytesWritten));
    }

    [Fact]
    public void Head_that_does_not_fit_is_never_written_past_the_end()
    {
        for (int size = 0; size <= PartialHead.Length; size++)
        {
            byte[] destination = new byte[PartialHead.Length + 1];
            destination.AsSpan(size).Fill(0xEE);
            var writer = new ResponseHeadWriter(destination.AsSpan(0, size));
            Assert.Equal(size == PartialHead.Length, WritePartialHead(ref writer));
            Assert.Equal(size < PartialHead.Length, writer.HasOverflowed);
            Assert.StartsWith(Encoding.Latin1.GetString(destination, 0, writer.BytesWritten), PartialHead, StringComparison.Ordinal);
            Assert.Equal(-1, destination.AsSpan(size).IndexOfAnyExcept((byte)0xEE));
        }
    }

    [Fact]
    [Trait("Behaviour", "B3")]
    public void Content_range_of_a_416_has_only_the_length()
    {
        byte[] destination = new byte[128];
        var writer = new ResponseHeadWriter(destination);
        writer.WriteStatusLine(416);
        writer.WriteUnsatisfiedContentRange(10);
        Assert.True(writer.End());
        Assert.Equal(
            "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\n\r\n",
            Encoding.Latin1.GetString(destination, 0, writer.BytesWritten));
    }

    [Theory]
    [InlineData(200, "HTTP/1.1 200 OK\r\n")]
    [InlineData(504, "HTTP/1.1 504 Gateway Timeout\r\n")]
    [InlineData(299, "HTTP/1.1 299 \r\n")]
    [InlineData(999, "HTTP/1.1 999 \r\n")]
    public void Status_line_has_the_registered_phrase_or_none(int status, string line)
    {
        byte[] destination = new byte[64];
        var writer = new ResponseHeadWriter(destination);
        writer.WriteStatusLine(status);
        Assert.Equal(line, Encoding.Latin1.GetString(destination, 0, writer.BytesWritten));
    }

    [Fact]
    public void Status_line_of_every_known_status_carries_its_number()
    {
        for (int status = 100; status <= 999; status++)
        {
            ReadOnlySpan<byte> line = StatusLines.Find(status);
            Assert.True(
                line.IsEmpty || (line.StartsWith(Encoding.Latin1.GetBytes($"HTTP/1.1 {status} ")) && line.EndsWith("\r\n"u8)), $"{status}");
        }
    }

    [Theory]
    [InlineData(99)]
    [InlineData(1000)]
    public void Status_without_three_digits_is_refused(int status) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ResponseHeadWriter(new byte[64]).WriteStatusLine(status));

    [Theory]
    [InlineData("a\rb")]
    [InlineData("a\nb")]
    [InlineData("a\r\nSet-Cookie: b")]
    [InlineData("a\0b")]
    public void Value_with_a_line_end_or_nul_is_refused(string value) =>
        Assert.Throws<ArgumentException>(() => new ResponseHeadWriter(new byte[64]).WriteField("X"u8, Encoding.Latin1.GetBytes(value)));

    [Theory]
    [InlineData("a\rb", "a b")]
    [InlineData("a\nb", "a b")]
    [InlineData("a\r\nSet-Cookie: b", "a  Set-Cookie: b")]
    [InlineData("a\0b", "a b")]
    [InlineData("\u00e4", "\u00e4")]
    [InlineData("", "")]
    public void What_is_passed_on_stays_on_one_line(string text, string written)
    {
        byte[] destination = new byte[128];
        var writer = new ResponseHeadWriter(destination);
        writer.WriteStatusLine(299, text);
        writer.WriteForwarded(new ForwardedField("X-A", text));

        Assert.True(writer.End());
        Assert.Equal($"HTTP/1.1 299 {written}\r\nX-A: {written}\r\n\r\n", Encoding.Latin1.GetString(destination, 0, writer.BytesWritten));
    }

    [Fact]
    public void What_is_passed_on_and_does_not_fit_is_left_out_whole()
    {
        var field = new ForwardedField("X-A", "value");
        for (int room = 0; room < ResponseHeadWriter.BytesOf(field); room++)
        {
            var writer = new ResponseHeadWriter(new byte[room]);
            writer.WriteForwarded(field);
            Assert.Equal((0, true), (writer.BytesWritten, writer.HasOverflowed));
        }
    }

    [Fact]
    public void Number_below_zero_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ResponseHeadWriter(new byte[64]).WriteField("Age"u8, -1));

    private static bool WritePartialHead(ref ResponseHeadWriter writer)
    {
        writer.WriteStatusLine(206);
        writer.WriteField("ETag"u8, "\"v1\""u8);
        writer.WriteField("Content-Length"u8, 3);
        writer.WriteContentRange(new ByteRange(2, 5), 10);
        writer.WriteField("Date"u8, new DateTimeOffset(1994, 11, 6, 8, 49, 37, TimeSpan.Zero));
        writer.WriteRaw("Via: 1.1 slice\r\n"u8);
        return writer.End();
    }
}
