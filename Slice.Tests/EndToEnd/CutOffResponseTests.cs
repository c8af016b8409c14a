using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A response that cannot be finished: the client sees that it was cut off, and has what was sent before that, however late it reads.
/// </summary>
public sealed class CutOffResponseTests
{
    // Two of them fit into the buffers of the kernel, so that the proxy is done before the client has read a byte.
    private const int SliceBytes = 16 << 10;

    private readonly RangeFile _file = new(4 * SliceBytes);

    // What a client sends behind its request and nobody reads would make the kernel reset a connection that is closed.
    [Theory]
    [InlineData("HTTP/1.1", "")]
    [InlineData("HTTP/1.0", "")]
    [InlineData("HTTP/1.1", "GET /next HTTP/1.1\r\nHost: x\r\n\r\n")]
    [Trait("Behaviour", "B19")]
    public async Task Sliced_response_arrives_as_far_as_it_was_sent(string version, string pipelined)
    {
        _file.Fault = exchange => exchange.Request.Range is { First: >= 2 * SliceBytes }
            ? new RangeFault { Status = "404 Not Found" }
            : null;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        await proxy.GetAsync("/file", $"Range: bytes=0-{(2 * SliceBytes) - 1}");
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync($"GET /file {version}\r\nHost: x\r\n\r\n{pipelined}");
        await Eventually.TrueAsync(() => proxy.Exchanges.Count == 2, () => "the proxy has given up");
        var response = await client.ReadEndingAsync();

        Assert.Equal((200, ResponseEnding.CutByClose), (response.StatusCode, response.Ending));
        Assert.Equal(TestContent.Bytes(0, 2 * SliceBytes, _file.Seed), response.Body);
        Assert.Equal(
            (2L * SliceBytes, ExchangeEnding.OriginFailed), (proxy.Exchanges[^1].BodyBytes, proxy.Exchanges[^1].Ending));
    }

    // A client that knows no chunks takes the end of the connection for the end of the body: only a reset tells it more.
    [Theory]
    [InlineData("HTTP/1.1", "Content-Length: 10\r\n\r\nhello", ResponseEnding.CutByClose)]
    [InlineData("HTTP/1.0", "Content-Length: 10\r\n\r\nhello", ResponseEnding.CutByClose)]
    [InlineData("HTTP/1.1", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ResponseEnding.CutByClose)]
    [InlineData("HTTP/1.0", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ResponseEnding.CutByReset)]
    [Trait("Behaviour", "B18")]
    public async Task Response_that_is_passed_through_is_cut_off_as_softly_as_its_framing_allows(
        string version, string answer, ResponseEnding ending)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\n" + answer);
            await exchange.CloseAsync();
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync($"POST /form {version}\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        await Eventually.TrueAsync(() => proxy.Exchanges.Count == 1, () => "the proxy has given up");

        if (ending == ResponseEnding.CutByReset)
        {
            await client.ExpectResetAsync();
            return;
        }

        var response = await client.ReadEndingAsync();
        Assert.Equal((ending, "hello"), (response.Ending, response.BodyText));
    }
}
