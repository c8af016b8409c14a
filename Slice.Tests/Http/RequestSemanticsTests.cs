using System.Buffers;
using System.Text;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public class RequestSemanticsTests
{
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length: 0", 0)]
    [InlineData("Content-Length: 007", 7)]
    [InlineData("Content-Length: 9223372036854775807", long.MaxValue)]
    public void ContentLength_of_digits_frames_the_body(string line, long contentLength)
    {
        (RequestHead head, RequestRejection rejection) = Parse(1, line);
        Assert.Equal(RequestRejection.None, rejection);
        Assert.Equal(contentLength, head.ContentLength);
        Assert.Equal(contentLength > 0, head.HasBody);
        Assert.False(head.IsChunked);
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length:")]
    [InlineData("Content-Length: +5")]
    [InlineData("Content-Length: -5")]
    [InlineData("Content-Length: 5 5")]
    [InlineData("Content-Length: 0x5")]
    [InlineData("Content-Length: 5;")]
    [InlineData("Content-Length: 9223372036854775808")]
    [InlineData("Content-Length: 18446744073709551617")]
    [InlineData("Content-Length: 99999999999999999999999")]
    public void ContentLength_of_anything_else_is_rejected(string line) =>
        Assert.Equal(RequestRejection.InvalidContentLength, Parse(1, line).Rejection);

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6")]
    [InlineData("Content-Length: 5\r\nContent-Length: 5")]
    [InlineData("Content-Length: 5, 5")]
    [InlineData("Content-Length: 5,6")]
    public void ContentLength_stated_twice_is_rejected(string lines) =>
        Assert.Equal(RequestRejection.RepeatedContentLength, Parse(1, lines).Rejection);

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 0")]
    [InlineData("Transfer-Encoding: x\r\nContent-Length: 5")]
    public void ContentLength_beside_TransferEncoding_is_rejected(string lines) =>
        Assert.Equal(RequestRejection.ContentLengthWithTransferEncoding, Parse(1, lines).Rejection);

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("chunked", RequestRejection.None)]
    [InlineData("ChunKed", RequestRejection.None)]
    [InlineData("", RequestRejection.InvalidTransferEncoding)]
    [InlineData("identity", RequestRejection.InvalidTransferEncoding)]
    [InlineData("gzip", RequestRejection.InvalidTransferEncoding)]
    [InlineData("xchunked", RequestRejection.InvalidTransferEncoding)]
    [InlineData("chunked;q=1", RequestRejection.InvalidTransferEncoding)]
    [InlineData("chunked,", RequestRejection.InvalidTransferEncoding)]
    [InlineData("chunked, identity", RequestRejection.InvalidTransferEncoding)]
    [InlineData("chunked, chunked", RequestRejection.InvalidTransferEncoding)]
    [InlineData("chunked\r\nTransfer-Encoding: chunked", RequestRejection.InvalidTransferEncoding)]
    [InlineData("chunked\r\nTransfer-Encoding: gzip", RequestRejection.InvalidTransferEncoding)]
    [InlineData("gzip, chunked", RequestRejection.UnsupportedTransferCoding)]
    [InlineData("gzip\r\nTransfer-Encoding: chunked", RequestRejection.UnsupportedTransferCoding)]
    public void TransferEncoding_is_exactly_one_final_chunked(string value, RequestRejection rejection)
    {
        (RequestHead head, RequestRejection actual) = Parse(1, $"Transfer-Encoding: {value}");
        Assert.Equal(rejection, actual);
        Assert.True(head.IsChunked);
    }

    [Fact]
    [Trait("Behaviour", "B38")]
    public void TransferEncoding_in_http10_is_rejected() =>
        Assert.Equal(RequestRejection.TransferEncodingInHttp10, Parse(0, "Transfer-Encoding: chunked").Rejection);

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData(1, "", true)]
    [InlineData(0, "", false)]
    [InlineData(1, "Connection: close", false)]
    [InlineData(1, "Connection: Keep-Alive", true)]
    [InlineData(0, "Connection: Keep-Alive", true)]
    [InlineData(0, "Connection: keep-alive, CLOSE", false)]
    [InlineData(1, "Connection: upgrade, close", false)]
    [InlineData(1, "Connection: upgrade\r\nConnection: close", false)]
    [InlineData(1, "Connection: closed", true)]
    public void KeepAlive_follows_version_and_connection_options(int minorVersion, string line, bool keepAlive) =>
        Assert.Equal(keepAlive, Parse(minorVersion, line).Head.KeepAlive);

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData(1, "Expect: 100-continue\r\nContent-Length: 5", true)]
    [InlineData(1, "Expect: 100-Continue\r\nTransfer-Encoding: chunked", true)]
    [InlineData(1, "Expect: 100-continue\r\nContent-Length: 0", false)]
    [InlineData(1, "Expect: 100-continue", false)]
    [InlineData(1, "Content-Length: 5", false)]
    [InlineData(0, "Expect: 100-continue\r\nContent-Length: 5", false)]
    public void ExpectsContinue_only_in_http11_with_a_body(int minorVersion, string lines, bool expectsContinue)
    {
        (RequestHead head, RequestRejection rejection) = Parse(minorVersion, lines);
        Assert.Equal(RequestRejection.None, rejection);
        Assert.Equal(expectsContinue, head.ExpectsContinue);
    }

    [Theory]
    [Trait("Behaviour", "B37")]
    [InlineData("a", true)]
    [InlineData("a.example:80", true)]
    [InlineData("a_b.example", true)]
    [InlineData("127.0.0.1:65535", true)]
    [InlineData("a:", true)]
    [InlineData("[::1]", true)]
    [InlineData("[::ffff:1.2.3.4]:80", true)]
    [InlineData("a:65536", false)]
    [InlineData("a:-1", false)]
    [InlineData("a:8a", false)]
    [InlineData("a:80:80", false)]
    [InlineData(":80", false)]
    [InlineData("a/b", false)]
    [InlineData("a?b", false)]
    [InlineData("a#b", false)]
    [InlineData("a\\b", false)]
    [InlineData("a%41", false)]
    [InlineData("[::1", false)]
    [InlineData("[]", false)]
    [InlineData("[::1]a", false)]
    [InlineData("[::g]", false)]
    [InlineData("[v1.a]", false)]
    public void Host_is_a_host_and_an_optional_port(string host, bool isValid) =>
        Assert.Equal(isValid ? RequestRejection.None : RequestRejection.InvalidHost, Parse(0, $"Host: {host}").Rejection);

    private static (RequestHead Head, RequestRejection Rejection) Parse(int minorVersion, string lines)
    {
        string host = minorVersion == 1 ? "Host: a\r\n" : "";
        string bytes = $"POST / HTTP/1.{minorVersion}\r\n{host}{lines}{(lines.Length > 0 ? "\r\n" : "")}\r\n";
        var head = new RequestHead();
        new RequestHeadParser(new RequestHeadLimits())
            .Parse(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(bytes)), head, out _, out _, out RequestRejection rejection);
        return (head, rejection);
    }
}
