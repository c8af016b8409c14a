using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Messages of an origin that two readers could take for different things, or that end too early: never a body that looks whole and is not,
/// nothing of it stored, and its connection not used again (B16, B18, B38). What is lenient in the pool and harmless is forwarded in one
/// clear form.
/// </summary>
public sealed class HostileOriginTests
{
    private const string Honest = "honest answer";

    private static readonly string s_interimFlood = string.Concat(Enumerable.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 4000));

    // The whole connection, then closed: nothing of the head can be used.
    public static TheoryData<string> UnusableHeads =>
    [
        // Lengths.
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: 4, 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 4 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nabcd",

        // Codings.
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: \vchunked\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked;q=1\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",

        // Lines.
        "HTTP/1.1 200 O\0K\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 O\rK\r\nContent-Length: 4\r\n\r\nabcd",

        // Status lines.
        "HTTP/1.1 099 Low\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 000 None\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 1000 High\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 20 Short\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "ICY 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "<html>an answer of HTTP/0.9</html>\r\n",

        // Ends.
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",

        // Sizes.
        $"HTTP/1.1 200 OK\r\nX-Huge: {new string('x', 100_000)}\r\nContent-Length: 4\r\n\r\nabcd",
        s_interimFlood + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
    ];

    // As above, with a head that is good.
    public static TheoryData<string> BrokenBodies =>
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcde\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000004\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n4\r\nabcd",
    ];

    // Lenient in the pool or over our own wire; what the client gets says one thing.
    public static TheoryData<string> HarmlessAnswers =>
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4;ext=\"a;b\"\r\nabcd\r\n0;last\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000004\r\nabcd\r\n000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n"
            + "4\r\nabcd\r\n0\r\nContent-Length: 9\r\nETag: \"evil\"\r\nSet-Cookie: evil\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 4\nX-Folded: a\r\n b\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: b\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.7 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\n: no name\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nX A: b\r\nContent-Length: 4\r\n\r\nabcd",
    ];

    [Theory]
    [Trait("Behaviour", "B16")]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(UnusableHeads))]
    public async Task Head_that_cannot_be_used_is_502_and_nothing_is_stored(string answer)
    {
        foreach (string request in Requests())
        {
            await using var origin = ScriptedOrigin.Start(exchange => SendAndCloseAsync(exchange, answer));
            await using var proxy = await StartAsync(origin);
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);

            await client.SendAsync(request);

            Assert.Equal((request, 502), (request, (await client.ReadResponseAsync()).StatusCode));
            await AssertHonestyIsServedAsync(origin, client, request);
        }
    }

    [Theory]
    [Trait("Behaviour", "B18")]
    [Trait("Behaviour", "B22")]
    [Trait("Behaviour", "B38")]
    [MemberData(nameof(BrokenBodies))]
    public async Task Body_that_breaks_is_502_or_an_abort_and_nothing_is_stored(string answer)
    {
        foreach (string request in Requests())
        {
            await using var origin = ScriptedOrigin.Start(exchange => SendAndCloseAsync(exchange, answer));
            await using var proxy = await StartAsync(origin);
            using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
            {
                await client.SendAsync(request);
                try
                {
                    var response = await client.ReadEndingAsync();
                    Assert.True(response.StatusCode == 502 || response.Ending != ResponseEnding.Complete, request + response);
                }
                catch (System.Net.Sockets.SocketException)
                {
                    // The reset has overtaken the head.
                }
            }

            using var next = await RawClient.ConnectAsync(proxy.EndPoint);
            await AssertHonestyIsServedAsync(origin, next, request);
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [Trait("Behaviour", "B41")]
    [MemberData(nameof(HarmlessAnswers))]
    public async Task Unusual_answer_is_forwarded_in_one_clear_form(string answer)
    {
        foreach (string request in Requests())
        {
            await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(answer));
            await using var proxy = await StartAsync(origin);
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);

            for (int repeat = 0; repeat < 3; repeat++)
            {
                await client.SendAsync(request);
                var response = await client.ReadResponseAsync();

                Assert.Equal((200, "abcd"), (response.StatusCode, response.BodyText));
                Assert.StartsWith("HTTP/1.1 200 ", response.StatusLine, StringComparison.Ordinal);
                Assert.Equal(1, response.Fields("Content-Length").Count + response.Fields("Transfer-Encoding").Count);
                Assert.Empty(response.TrailerLines);
                Assert.All(["ETag", "Set-Cookie", "Trailer"], name => Assert.Empty(response.Fields(name)));
                Assert.Equal(-1, response.HeadText.Replace("\r\n", "", StringComparison.Ordinal).IndexOfAny(['\r', '\n', '\0']));
            }
        }
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nCache-Control: no-store\r\n\r\nabcd")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n\r\n4\r\nabcd\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\n\r\n")]
    [InlineData("HTTP/1.1 304 Not Modified\r\nCache-Control: no-store\r\n\r\n")]
    public async Task Bytes_behind_a_response_are_never_the_next_one(string answer)
    {
        foreach (string request in Requests())
        {
            await using var origin = ScriptedOrigin.Start(exchange =>
                exchange.SendAsync(answer + "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 6\r\n\r\npoison"));
            await using var proxy = await StartAsync(origin);
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);

            await client.SendAsync(request);
            await client.ReadResponseAsync();
            await AssertHonestyIsServedAsync(origin, client, request.Replace("/file", "/other", StringComparison.Ordinal));

            // A 304 that nobody has asked for is of no use, and the client's own request follows ours (B59).
            bool isAskedTwice = answer.Contains(" 304 ", StringComparison.Ordinal) && request.StartsWith("GET", StringComparison.Ordinal);
            Assert.Equal(isAskedTwice ? 3 : 2, origin.Requests[^1].ConnectionNumber);
        }
    }

    [Fact]
    [Trait("Behaviour", "B38")]
    public async Task Connection_of_an_ambiguous_length_is_closed_though_the_shorter_body_is_whole()
    {
        // The surplus would come later: the connection looks clean when the answer is refused.
        var closed = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd");
            await exchange.ClientClosedAsync();
            closed.TrySetResult();
        });
        await using var proxy = await StartAsync(origin);

        Assert.Equal(502, (await proxy.GetAsync("/file")).StatusCode);
        await Deadline.WithinAsync(closed.Task, "the proxy closes the connection");
    }

    // Passed through; fetched whole; fetched in slices.
    private static string[] Requests() =>
    [
        "POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        RawClient.Request("GET", "/file"),
        RawClient.Request("GET", "/sliced/file"),
    ];

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceSizeBytes: 4,
        options => options with { MaxRetries = 0, MaxConcurrentSubrequests = 1, SlicePatterns = ["^/sliced/"] });

    private static async Task SendAndCloseAsync(OriginExchange exchange, string answer)
    {
        await exchange.SendAsync(answer);
        await exchange.CloseAsync();
    }

    private static async Task AssertHonestyIsServedAsync(ScriptedOrigin origin, RawClient client, string request)
    {
        origin.Answer = exchange => exchange.RespondAsync("200 OK", Honest);
        await client.SendAsync(request);
        Assert.Equal((request, Honest), (request, (await client.ReadResponseAsync()).BodyText));
    }
}
