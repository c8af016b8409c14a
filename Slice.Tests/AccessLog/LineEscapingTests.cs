using System.Text;
using System.Text.Json;
using CsCheck;
using Slice.Core.Options;
using Slice.Net.AccessLog;
using Slice.Tests.Support;

namespace Slice.Tests.AccessLog;

/// <summary>No value of a client ends a line, a pair of quotes or a JSON string.</summary>
public sealed class LineEscapingTests
{
    [Theory]
    [InlineData("/a?b=c", "/a?b=c")]
    [InlineData("say \"x\"\\", "say \\x22x\\x22\\x5c")]
    [InlineData("a\r\nb\0\x1b\x7f", "a\\x0d\\x0ab\\x00\\x1b\\x7f")]
    [InlineData("\u00e9\u00ff", "\\xe9\\xff")]
    public void Text_escapes_as_nginx_does(string value, string expected)
    {
        Assert.Equal(expected, Write(Wire.Bytes(value), AccessLogSyntax.Text));
        Assert.Equal(expected, Write(Wire.Bytes(value), AccessLogSyntax.Logfmt));
    }

    [Theory]
    [InlineData("grün \u20ac \ud83d\ude00", "grün \u20ac \ud83d\ude00")]
    [InlineData("\"\\", "\\\"\\\\")]
    [InlineData("a\nb\x7f\u0085\u2028\u2029", "a\\u000ab\\u007f\\u0085\\u2028\\u2029")]
    public void Json_keeps_what_is_utf8(string value, string expected) =>
        Assert.Equal(expected, Write(Encoding.UTF8.GetBytes(value), AccessLogSyntax.Json));

    [Fact]
    public void Json_replaces_what_is_no_utf8() =>
        Assert.Equal("a\\ufffdb\\ufffd", Write([(byte)'a', 0xFF, (byte)'b', 0xE2, 0x82], AccessLogSyntax.Json));

    [Fact]
    public void Any_bytes_are_one_json_string() => Gen.Byte.Array.Sample(bytes =>
    {
        string json = $"\"{Write(bytes, AccessLogSyntax.Json)}\"";
        return JsonDocument.Parse(json).RootElement.GetString() == Encoding.UTF8.GetString(bytes) && !json.Any(char.IsControl);
    });

    [Fact]
    public void Any_bytes_are_visible_ascii_without_quotes_in_text() => Gen.Byte.Array.Sample(bytes =>
        !Write(bytes, AccessLogSyntax.Text).Any(character => character is < ' ' or > '~' or '"'));

    // At every length of the room.
    [Theory]
    [InlineData(AccessLogSyntax.Text)]
    [InlineData(AccessLogSyntax.Json)]
    public void Escape_is_written_whole_or_not_at_all(AccessLogSyntax syntax)
    {
        byte[] value = Encoding.UTF8.GetBytes("ab\"c\n\u20acd");
        string whole = Write(value, syntax);
        for (int room = 0; room <= 64; room++)
        {
            string cut = Write(value, syntax, room);
            Assert.StartsWith(cut, whole, StringComparison.Ordinal);
            Assert.Equal(cut, syntax == AccessLogSyntax.Json ? Escaped(JsonDocument.Parse($"\"{cut}\"").RootElement.GetString()!) : cut);
        }

        string Escaped(string text) => Write(Encoding.UTF8.GetBytes(text), syntax);
    }

    private static string Write(byte[] value, AccessLogSyntax syntax, int room = 4096)
    {
        byte[] destination = new byte[room];
        return Encoding.UTF8.GetString(destination, 0, LineEscaping.Write(value, syntax, destination));
    }
}
