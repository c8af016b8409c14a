using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public class HopByHopFieldsTests
{
    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("Connection")]
    [InlineData("keep-alive")]
    [InlineData("Proxy-Connection")]
    [InlineData("TE")]
    [InlineData("Trailer")]
    [InlineData("Transfer-Encoding")]
    [InlineData("UPGRADE")]
    [InlineData("Proxy-Authorization")]
    [InlineData("Proxy-Authenticate")]
    [InlineData("HTTP2-Settings")]
    public void Field_on_the_fixed_list_is_not_forwarded(string name)
    {
        Assert.True(HopByHopFields.Contains(Encoding.Latin1.GetBytes(name)));
        Assert.True(HopByHopFields.IsHopByHop(
            Heads.Parse(name == "Transfer-Encoding" ? $"Host: a\r\n{name}: chunked" : $"Host: a\r\n{name}: x").Fields, 1));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("Host")]
    [InlineData("Content-Length")]
    [InlineData("Cache-Control")]
    [InlineData("Expect")]
    [InlineData("X-Keep-Alive")]
    [InlineData("T")]
    public void Field_off_the_list_is_forwarded(string name) => Assert.False(HopByHopFields.Contains(Encoding.Latin1.GetBytes(name)));

    [Fact]
    [Trait("Behaviour", "B41")]
    public void Field_named_by_connection_is_not_forwarded()
    {
        FieldTable fields = Heads.Parse(
            "Host: a\r\nX-Hop: 1\r\nX-Hop-Too: 2\r\nX-End: 3\r\nConnection: close, x-hop\r\nConnection: X-HOP-TOO").Fields;
        Assert.False(HopByHopFields.IsHopByHop(fields, 0));
        Assert.True(HopByHopFields.IsHopByHop(fields, 1));
        Assert.True(HopByHopFields.IsHopByHop(fields, 2));
        Assert.False(HopByHopFields.IsHopByHop(fields, 3));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("Content-Length: 5")]
    [InlineData("Cache-Control: no-store")]
    [InlineData("Authorization: x")]
    [InlineData("Cookie: x")]
    [InlineData("Accept: */*")]
    [InlineData("If-Range: \"x\"")]
    public void Field_for_all_recipients_cannot_be_named_away(string line)
    {
        FieldTable fields = Heads.Parse($"Host: a\r\n{line}\r\nConnection: host, {line.Split(':')[0]}").Fields;
        Assert.False(HopByHopFields.IsHopByHop(fields, 0));
        Assert.False(HopByHopFields.IsHopByHop(fields, 1));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("close, X-Hop", true)]
    [InlineData("x-hop", true)]
    [InlineData(" ,x-hop\t,", true)]
    [InlineData("x-hopper", false)]
    [InlineData("x-hop;q", false)]
    [InlineData("", false)]
    public void Connection_value_names_whole_options(string connection, bool isNamed) =>
        Assert.Equal(isNamed, HopByHopFields.IsNamedIn(Encoding.Latin1.GetBytes(connection), "X-Hop"u8));
}
