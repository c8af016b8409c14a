using System.Text;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Http;

public sealed class ResponseHeadTests
{
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("200", "", RequestMethod.Get, ResponseBody.UntilClose)]
    [InlineData("200", "Content-Length: 0", RequestMethod.Get, ResponseBody.Length)]
    [InlineData("200", "Content-Length: 5", RequestMethod.Post, ResponseBody.Length)]
    [InlineData("200", "Transfer-Encoding: chunked", RequestMethod.Get, ResponseBody.Chunked)]
    [InlineData("200", "Content-Length: 5", RequestMethod.Head, ResponseBody.None)]
    [InlineData("200", "Transfer-Encoding: chunked", RequestMethod.Head, ResponseBody.None)]
    [InlineData("200", "", RequestMethod.Head, ResponseBody.None)]
    [InlineData("200", "Content-Length: 5", RequestMethod.Other, ResponseBody.Length)]
    [InlineData("204", "", RequestMethod.Get, ResponseBody.None)]
    [InlineData("204", "Content-Length: 5", RequestMethod.Get, ResponseBody.None)]
    [InlineData("205", "Content-Length: 0", RequestMethod.Get, ResponseBody.Length)]
    [InlineData("304", "Content-Length: 5", RequestMethod.Get, ResponseBody.None)]
    [InlineData("304", "Transfer-Encoding: chunked", RequestMethod.Get, ResponseBody.None)]
    [InlineData("100", "Content-Length: 5", RequestMethod.Get, ResponseBody.None)]
    [InlineData("103", "", RequestMethod.Head, ResponseBody.None)]
    [InlineData("999", "", RequestMethod.Get, ResponseBody.UntilClose)]
    [InlineData("101", "Upgrade: a", RequestMethod.Get, ResponseBody.Tunnel)]
    [InlineData("200", "Content-Length: 5", RequestMethod.Connect, ResponseBody.Tunnel)]
    [InlineData("204", "", RequestMethod.Connect, ResponseBody.Tunnel)]
    [InlineData("299", "Transfer-Encoding: chunked", RequestMethod.Connect, ResponseBody.Tunnel)]
    [InlineData("407", "Content-Length: 5", RequestMethod.Connect, ResponseBody.Length)]
    [InlineData("100", "", RequestMethod.Connect, ResponseBody.None)]
    public void Body_is_framed_in_the_order_of_the_standard(string status, string line, RequestMethod method, ResponseBody body) =>
        Assert.Equal(body, Head(1, status, line).BodyOf(method));

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData(1, "", true)]
    [InlineData(0, "", false)]
    [InlineData(1, "Connection: close", false)]
    [InlineData(1, "Connection: Keep-Alive", true)]
    [InlineData(0, "Connection: Keep-Alive", true)]
    [InlineData(0, "Connection: keep-alive, CLOSE", false)]
    [InlineData(1, "Connection: upgrade\r\nConnection: close", false)]
    [InlineData(1, "Connection: closed", true)]
    [InlineData(0, "Keep-Alive: timeout=5", false)]
    public void KeepAlive_follows_version_and_connection_options(int minorVersion, string line, bool keepAlive) =>
        Assert.Equal(keepAlive, Head(minorVersion, "200", line).KeepAlive);

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("204", "Content-Length: 5", false)]
    [InlineData("204", "Transfer-Encoding: chunked", false)]
    [InlineData("204", "Content-Length: 0", true)]
    [InlineData("204", "", true)]
    [InlineData("304", "Content-Length: 5", true)]
    public void Connection_is_not_kept_behind_a_204_that_announces_a_body(string status, string line, bool keepAlive) =>
        Assert.Equal(keepAlive, Head(1, status, line).KeepAlive);

    // RFC 9112 §6.3: the coding counts. The origin may mean another end, so what it sends next is not waited for.
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length: 9\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: x")]
    [InlineData("Content-Length: 1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked")]
    public void Coding_overrides_a_length_and_the_connection_is_not_kept(string lines)
    {
        var head = Head(1, "200", lines);

        Assert.Equal((ResponseBody.Chunked, -1L, false), (head.BodyOf(RequestMethod.Get), head.ContentLength, head.KeepAlive));
    }

    // RFC 9112 §5.1: a proxy takes it off a response.
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length : 5")]
    [InlineData("Content-Length\t : 5")]
    public void Whitespace_before_the_colon_is_taken_off(string line)
    {
        var head = Head(1, "200", line);

        Assert.Equal((5L, "Content-Length"), (head.ContentLength, Encoding.ASCII.GetString(head.Fields.NameAt(0))));
    }

    // RFC 9112 §5.2.
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("X: a\r\n b", "a   b")]
    [InlineData("X: a\r\n\tb \r\n c ", "a  \tb    c")]
    [InlineData("X:\r\n b", "b")]
    [InlineData("X: a\n b", "a  b")]
    [InlineData("X: a\r\n ", "a")]
    public void Folded_line_is_joined_to_the_field_before_it(string lines, string value)
    {
        var head = Head(1, "200", lines);

        Assert.Equal((value, 0), (Encoding.Latin1.GetString(head.Fields.ValueAt(0)), head.DroppedLines));
    }

    [Theory]
    [Trait("Behaviour", "B44")]
    [InlineData("100", true, false)]
    [InlineData("101", false, true)]
    [InlineData("102", true, false)]
    [InlineData("199", true, false)]
    [InlineData("200", false, false)]
    public void Interim_heads_are_all_1xx_but_101(string status, bool isInterim, bool isSwitching)
    {
        ResponseHead head = Head(1, status, "");
        Assert.Equal((isInterim, isSwitching), (head.IsInterim, head.IsSwitchingProtocols));
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length: 7\r\nContent-Length: 7", 7)]
    [InlineData("Content-Length: 7,7 ,\t7", 7)]
    [InlineData("Content-Length: 007", 7)]
    [InlineData("Content-Length: 9223372036854775807", long.MaxValue)]
    [InlineData("X: y", -1)]
    public void ContentLength_is_one_number(string lines, long contentLength) =>
        Assert.Equal(contentLength, Head(1, "200", lines).ContentLength);

    [Fact]
    public void HasLine_compares_names_without_case()
    {
        ResponseHead head = Head(1, "200", "Set-Cookie: a\r\nX: b\r\nset-cookie: c");
        Assert.True(head.HasLine("SET-COOKIE"u8));
        Assert.False(head.HasLine("Cookie"u8));
        Assert.Equal(2, head.Fields.NextIndex("Set-Cookie"u8, 1));
        Assert.Equal(-1, head.Fields.NextIndex("Set-Cookie"u8, 3));
    }

    private static ResponseHead Head(int minorVersion, string status, string lines) =>
        Responses.Parse($"HTTP/1.{minorVersion} {status}\r\n{lines}{(lines.Length > 0 ? "\r\n" : "")}\r\n");
}
