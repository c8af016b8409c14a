using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>103 (RFC 8297) goes on to the client that waits, at once and to nobody else; other interim responses do not (B44).</summary>
public sealed class EarlyHintsTests
{
    private const string Hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\n\r\n";

    [Theory]
    [Trait("Behaviour", "B44")]
    [InlineData("GET /page HTTP/1.1\r\n", true)]
    [InlineData("GET /sliced/page HTTP/1.1\r\n", true)]
    [InlineData("GET /page HTTP/1.1\r\nRange: bytes=1-2\r\n", false)]
    [InlineData("HEAD /page HTTP/1.1\r\n", false)]
    [InlineData("POST /page HTTP/1.1\r\nContent-Length: 0\r\n", false)]
    public async Task Early_hints_reach_the_client_before_the_response_and_are_not_stored(string request, bool isStored)
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(Hints);
            await exchange.WaitAsync(gate.Task);
            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(request + "Host: x\r\n\r\n");
        Assert.Equal(Hints, Wire.Text(await client.ReadBytesAsync(Hints.Length)));
        gate.SetResult();
        var response = await client.ReadResponseAsync(request.Split(' ')[0]);

        Assert.True(response.StatusCode is 200 or 206, response.ToString());
        Assert.Empty(response.InterimHeads);
        if (isStored)
        {
            await client.SendAsync(request + "Host: x\r\n\r\n");
            var again = await client.ReadResponseAsync();
            Assert.Equal(("page", "HIT"), (again.BodyText, again.Field("X-Cache")));
            Assert.Empty(again.InterimHeads);
        }
    }

    [Fact]
    [Trait("Behaviour", "B44")]
    public async Task Early_hints_are_found_on_a_connection_that_is_used_again()
    {
        // The pool begins to read from such a connection before it has written the request.
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(Hints + Hints);
            await exchange.RespondAsync("200 OK", "page", "Cache-Control: no-store");
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 1; request <= 3; request++)
        {
            await client.SendAsync(RawClient.Request("GET", "/page"));
            Assert.Equal([Hints, Hints], (await client.ReadResponseAsync()).InterimHeads);
            Assert.Equal(request, origin.RequestCount);
        }

        Assert.Equal(1, origin.ConnectionCount);
    }

    [Fact]
    [Trait("Behaviour", "B44")]
    public async Task Early_hints_that_arrive_byte_by_byte_are_passed_on_whole()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            foreach (byte value in Wire.Bytes("HTTP/1.1 102 Processing\r\n\r\n" + Hints))
            {
                await exchange.SendAsync(new[] { value });
            }

            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);

        Assert.Equal([Hints], (await proxy.GetAsync("/page")).InterimHeads);
    }

    [Theory]
    [Trait("Behaviour", "B44")]
    [Trait("Behaviour", "B32")]
    [InlineData("/page")]
    [InlineData("/sliced/page")]
    public async Task Early_hints_are_for_the_client_that_asked_first_and_not_for_those_that_join(string target)
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await exchange.SendAsync(Hints);
            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);
        using var second = await RawClient.ConnectAsync(proxy.EndPoint);

        await first.SendAsync(RawClient.Request("GET", target));
        await origin.RequestsArrivedAsync(1);
        await second.SendAsync(RawClient.Request("GET", target));
        await Eventually.TrueAsync(() => proxy.Composition.Parts.Meter.ActiveRequests.Value == 2, () => "the second request");
        gate.SetResult();

        Assert.Equal([Hints], (await first.ReadResponseAsync()).InterimHeads);
        var joined = await second.ReadResponseAsync();
        Assert.Equal("page", joined.BodyText);
        Assert.Empty(joined.InterimHeads);
        Assert.Equal(1, origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B44")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 102 Processing\r\nX: 1\r\n\r\n")]
    [InlineData("HTTP/1.1 199 Whatever\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: a\nInjected: b\r\n\r\n")]
    [InlineData("HTTP/1.1 103 Early Hints\nLink: a\n\n")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: a\rb\r\n\r\n")]
    [InlineData("HTTP/1.0 103 Early Hints\r\nLink: a\r\n\r\n")]
    public async Task Other_interim_responses_stay_behind(string interim)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(interim);
            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/page");

        Assert.Equal("page", response.BodyText);
        Assert.Empty(response.InterimHeads);
    }

    [Fact]
    [Trait("Behaviour", "B44")]
    [Trait("Behaviour", "B41")]
    public async Task Fields_of_one_connection_are_left_out_of_early_hints()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(
                "HTTP/1.1 103 X\r\nLink: a\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\n"
                + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n");
            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);

        Assert.Equal(["HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"], (await proxy.GetAsync("/page")).InterimHeads);
    }

    [Fact]
    [Trait("Behaviour", "B44")]
    public async Task Client_of_http_1_0_gets_no_interim_response()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(Hints);
            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("GET /page HTTP/1.0\r\nHost: x\r\n\r\n");
        var response = await client.ReadResponseAsync();

        Assert.Equal("page", response.BodyText);
        Assert.Empty(response.InterimHeads);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, options => options with { SlicePatterns = ["^/sliced/"] });

    private static Task AnswerAsync(OriginExchange exchange) => exchange.Request.Range is { } range && exchange.Request.Method == "GET"
        ? exchange.RespondAsync(
            "206 Partial Content",
            "page"[(int)range.First..(int)Math.Min(range.Last + 1, 4)],
            $"Content-Range: bytes {range.First}-{Math.Min(range.Last, 3)}/4",
            "ETag: \"v1\"",
            "Cache-Control: max-age=60")
        : exchange.SendAsync(
            "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\n"
            + (exchange.Request.Method == "HEAD" ? "" : "page"));
}
