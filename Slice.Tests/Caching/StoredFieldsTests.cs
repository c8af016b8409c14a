using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;

namespace Slice.Tests.Caching;

public class StoredFieldsTests
{
    private static readonly ForwardedField[] s_withConnection =
        [new("Connection", "close, X-Private"), new("connection", "\tx-secret ,, X-Last")];

    [Theory]
    [InlineData("ETag")]
    [InlineData("Content-Type")]
    [InlineData("Set-Cookie")]
    [InlineData("Via")]
    [InlineData("Date")]
    [InlineData("X-Privat")]
    public void End_to_end_fields_are_forwarded_and_stored(string name)
    {
        Assert.True(StoredFields.IsForwarded(name, s_withConnection));
        Assert.True(StoredFields.IsStored(name, s_withConnection));
    }

    // RFC 9110 §7.6.1: hop-by-hop fields, and those that Connection names.
    [Theory]
    [InlineData("Connection")]
    [InlineData("KEEP-ALIVE")]
    [InlineData("Proxy-Connection")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("transfer-encoding")]
    [InlineData("Upgrade")]
    [InlineData("Proxy-Authenticate")]
    [InlineData("Content-Length")]
    [InlineData("X-Cache")]
    [InlineData("x-private")]
    [InlineData("X-Secret")]
    [InlineData("X-Last")]
    public void Fields_of_one_connection_are_neither_forwarded_nor_stored(string name)
    {
        Assert.False(StoredFields.IsForwarded(name, s_withConnection));
        Assert.False(StoredFields.IsStored(name, s_withConnection));
    }

    [Theory]
    [InlineData("Content-Range")]
    [InlineData("accept-ranges")]
    [InlineData("Age")]
    public void Fields_of_one_message_are_forwarded_but_not_stored(string name)
    {
        Assert.True(StoredFields.IsForwarded(name, []));
        Assert.False(StoredFields.IsStored(name, []));
    }

    // B11, RFC 9110 §15.4.5.
    [Theory]
    [InlineData("ETag", true)]
    [InlineData("cache-control", true)]
    [InlineData("Date", true)]
    [InlineData("Expires", true)]
    [InlineData("Vary", true)]
    [InlineData("Content-Location", true)]
    [InlineData("Last-Modified", true)]
    [InlineData("Content-Type", false)]
    [InlineData("Content-Disposition", false)]
    [InlineData("X-Anything", false)]
    [Trait("Behaviour", "B11")]
    public void Not_modified_carries_the_fields_of_its_section(string name, bool belongs)
    {
        var line = new FieldLineReader(Encoding.ASCII.GetBytes(name + ": x\r\n"));
        Assert.True(line.MoveNext());
        Assert.Equal(belongs, StoredFields.BelongsTo304(line));
    }

    [Fact]
    public void Formatted_lines_end_in_crlf()
    {
        ForwardedField[] lines = [new("ETag", "\"v1\""), new("X-A", "b"), new("X-Empty", "")];
        Assert.Equal("ETag: \"v1\"\r\nX-A: b\r\nX-Empty: \r\n", Encoding.Latin1.GetString(StoredFields.Format(lines)));
    }

    [Fact]
    public void Formatted_lines_are_read_back_whatever_bytes_their_values_hold()
    {
        // Every byte a value may have (RFC 9110 §5.5): 0x85 is a part of Å in UTF-8, and a line break to those who think in Unicode.
        IEnumerable<char> characters = Enumerable.Range(0, 256)
            .Where(code => code is '\t' or >= ' ' and not 0x7f)
            .Select(code => (char)code);
        string everything = string.Concat(characters).Trim();
        ForwardedField[] lines =
        [
            new("Content-Disposition", "attachment; filename=\"\u00c3\u0085.iso\""),
            new("X-Colons", "a: b: c"),
            new("X-Empty", ""),
            new("X-Everything", everything),
            new("X-Form-Feed", "a\fb"),
        ];
        Assert.Equal(lines, StoredFields.Parse(StoredFields.Format(lines)));
        Assert.Empty(StoredFields.Parse([]));
    }
}
