using System.Net;
using Slice.Core.Http;
using Slice.Net.Origin;

namespace Slice.Tests.Origin;

/// <summary>What the pool has read is judged by the rules of our own parser.</summary>
public sealed class ResponseFramingTests
{
    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData(1, "Content-Length", ResponseFault.None, "5")]
    [InlineData(1, "Content-Length", ResponseFault.None, "5", "5")]
    [InlineData(1, "Content-Length", ResponseFault.DifferingContentLengths, "5", "6")]
    [InlineData(1, "Content-Length", ResponseFault.DifferingContentLengths, "5, 6")]
    [InlineData(1, "Content-Length", ResponseFault.InvalidContentLength, "5, 5")]
    [InlineData(1, "Content-Length", ResponseFault.InvalidContentLength, "-5")]
    [InlineData(1, "Content-Length", ResponseFault.InvalidContentLength, "")]
    [InlineData(1, "Content-Length", ResponseFault.InvalidContentLength, "9223372036854775808")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.None, "chunked")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.None, "Chunked")]
    [InlineData(0, "Transfer-Encoding", ResponseFault.TransferEncodingInHttp10, "chunked")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.InvalidTransferEncoding, "chunked", "chunked")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.InvalidTransferEncoding, "identity")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.UnsupportedTransferCoding, "gzip, chunked")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.UnsupportedTransferCoding, "gzip", "chunked")]
    [InlineData(1, "Transfer-Encoding", ResponseFault.ControlCharacter, "\vchunked")]
    public void Framing_has_the_verdict_of_the_parser(int minorVersion, string name, ResponseFault fault, params string[] values)
    {
        using var response = NewResponse(200, minorVersion);
        bool isLength = name == "Content-Length";
        Assert.True(
            isLength
                ? response.Content.Headers.TryAddWithoutValidation(name, values)
                : response.Headers.TryAddWithoutValidation(name, values));

        Assert.Equal(fault, ResponseFraming.FindFault(response));
    }

    [Theory]
    [InlineData(200, ResponseFault.None)]
    [InlineData(999, ResponseFault.None)]
    [InlineData(101, ResponseFault.UnrequestedUpgrade)]
    [InlineData(99, ResponseFault.InvalidStatusCode)]
    [InlineData(0, ResponseFault.InvalidStatusCode)]
    public void Status_is_final(int status, ResponseFault fault)
    {
        using var response = NewResponse(status, 1);

        Assert.Equal(fault, ResponseFraming.FindFault(response));
    }

    private static HttpResponseMessage NewResponse(int status, int minorVersion) =>
        new((HttpStatusCode)status) { Version = new Version(1, minorVersion), Content = new UnknownLength() };

    /// <summary>Content whose length is known by its field alone, as that of the pool.</summary>
    private sealed class UnknownLength : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.CompletedTask;

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
