using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A client's connection: how it stays, ends, is refused, and how long it may wait (B36 to B40).</summary>
public sealed class ConnectionTests
{
    private const string Get = "GET /file HTTP/1.1\r\nHost: x\r\n\r\n";

    private readonly RangeFile _file = new(16);

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Connection_stays_open_between_requests()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 0; request < 3; request++)
        {
            await client.SendAsync(Get);
            var response = await client.ReadResponseAsync();
            Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
            Assert.Null(response.Field("Connection"));
        }
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(
            "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=8-11\r\n\r\n"
            + "HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n"
            + "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=99-\r\n\r\n"
            + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
            + "GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=0-3\r\n\r\n");

        Assert.Equal(TestContent.Bytes(8, 4, _file.Seed), (await client.ReadResponseAsync()).Body);
        Assert.Equal("16", (await client.ReadResponseAsync("HEAD")).Field("Content-Length"));
        Assert.Equal(416, (await client.ReadResponseAsync()).StatusCode);
        Assert.Contains("healthy", (await client.ReadResponseAsync()).BodyText, StringComparison.Ordinal);
        Assert.Equal(TestContent.Bytes(0, 4, _file.Seed), (await client.ReadResponseAsync()).Body);
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Pipelined_request_behind_a_body_is_found()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span)));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nfirst"
            + "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\nTrailer: x\r\n\r\n"
            + "POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nthird");

        Assert.Equal("first", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal("second", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal("third", (await client.ReadResponseAsync()).BodyText);
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nConnection: foo, CLOSE\r\n\r\n")]
    [InlineData("GET /file HTTP/1.0\r\n\r\n")]
    public async Task Connection_closes_after_the_response_that_a_client_wants_to_be_the_last(string request)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(request);
        var response = await client.ReadResponseAsync();

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal("close", response.Field("Connection"));
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
        await client.ExpectClosedAsync();
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Http10_client_that_asks_for_it_keeps_its_connection()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 0; request < 2; request++)
        {
            await client.SendAsync("GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            var response = await client.ReadResponseAsync();
            Assert.Equal("keep-alive", response.Field("Connection"));
            Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
        }
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Http10_client_gets_a_body_of_unknown_length_up_to_the_close()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.SendAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("GET /file HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        var response = await client.ReadResponseAsync();

        Assert.Equal("abcde", response.BodyText);
        Assert.Equal("close", response.Field("Connection"));
        Assert.Null(response.Field("Transfer-Encoding"));
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Request_that_arrives_byte_by_byte_is_answered()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        foreach (char character in "\r\nGET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=1-2\r\n\r\n")
        {
            await client.SendAsync(character.ToString());
        }

        Assert.Equal(TestContent.Bytes(1, 2, _file.Seed), (await client.ReadResponseAsync()).Body);
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B37")]
    [Trait("Behaviour", "B38")]
    [InlineData("GET /file HTTP/1.1\nHost: x\n\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nA: b\0\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\n Host: x\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/1.1\r\nHost: x y\r\n\r\n", 400)]
    [InlineData("G@T /file HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET  /file HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET file HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /fi le HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /f\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /file HTTP/2.0\r\nHost: x\r\n\r\n", 505)]
    [InlineData("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400)]
    [InlineData("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400)]
    [InlineData("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 1 1\r\n\r\na", 400)]
    [InlineData("POST /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("POST /file HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("CONNECT other:443 HTTP/1.1\r\nHost: other:443\r\n\r\n", 501)]
    public async Task Request_that_is_not_valid_is_refused_and_the_connection_closes(string request, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(request + Get);
        var response = await client.ReadResponseAsync();

        Assert.Equal(status, response.StatusCode);
        Assert.Equal("close", response.Field("Connection"));
        await client.ExpectClosedAsync();
        Assert.Equal(0, origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B39")]
    [InlineData(1024, 200)]
    [InlineData(1025, 414)]
    public async Task Target_is_bounded(int targetBytes, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 4, options => options with { Limits = options.Limits with { RequestTargetBytes = 1024 } });

        Assert.Equal(status, (await proxy.GetAsync("/" + new string('a', targetBytes - 1))).StatusCode);
    }

    [Theory]
    [Trait("Behaviour", "B39")]
    [InlineData(8, 200)]
    [InlineData(9, 431)]
    public async Task Number_of_field_lines_is_bounded(int fields, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 4, options => options with { Limits = options.Limits with { RequestFields = 8 } });
        string[] besidesHost = [.. Enumerable.Range(1, fields - 1).Select(index => $"A{index}: b")];

        Assert.Equal(status, (await proxy.GetAsync("/file", besidesHost)).StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B39")]
    public async Task Head_that_never_ends_is_431()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("GET /file HTTP/1.1\r\nHost: x\r\nA: " + new string('b', 33 << 10));
        var response = await client.ReadResponseAsync();

        Assert.Equal(431, response.StatusCode);
        await client.ExpectClosedAsync();
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Body_that_was_not_asked_for_ends_the_connection_after_the_answer()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/file");
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(
            "GET /file HTTP/1.1\r\nHost: x\r\nContent-Length: 38\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n\r\n\r\n");
        var response = await client.ReadResponseAsync();

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
        Assert.Equal("close", response.Field("Connection"));
        await client.ExpectClosedAsync();
        Assert.DoesNotContain(origin.Requests, request => request.Target == "/smuggled");
    }

    [Theory]
    [Trait("Behaviour", "B40")]
    [InlineData("GET")]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\n")]
    [InlineData("GET /file HTTP/1.1\r\nHost: x\r\n\r")]
    public async Task Head_that_is_not_complete_in_time_is_408(string begun)
    {
        var time = new FakeTimeProvider();
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);

        // Idle time is set out of reach: only the head's own deadline can end the wait.
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 4, options => options with { Timeouts = options.Timeouts with { KeepAlive = TimeSpan.FromDays(1) } }, time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(begun);

        var response = await PassingTime.UntilAsync(time, client.ReadResponseAsync(), "the head's deadline passes");

        Assert.Equal("HTTP/1.1 408 Request Timeout", response.StatusLine);
        Assert.Equal("close", response.Field("Connection"));
        await client.ExpectClosedAsync();
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Head_that_trickles_in_does_not_extend_its_deadline()
    {
        var time = new FakeTimeProvider();
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("GET /file HTTP/1.1\r\n");
        var response = client.ReadResponseAsync();

        await Eventually.TrueAsync(
            async () =>
            {
                if (!response.IsCompleted)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    await client.SendAsync("A: b\r\n");
                }

                return response.IsCompleted;
            },
            () => "the head's deadline passes");

        Assert.Equal(408, (await response).StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Idle_connection_is_closed_without_a_word()
    {
        var time = new FakeTimeProvider();
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(Get);
        await client.ReadResponseAsync();

        await PassingTime.UntilAsync(time, CloseAsync(), "the idle time passes");

        async Task<bool> CloseAsync()
        {
            await client.ExpectClosedAsync();
            return true;
        }
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Absolute_target_reaches_the_configured_origin_only()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("GET http://elsewhere.example/file?q HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n");
        var response = await client.ReadResponseAsync();

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), response.Body);
        var request = Assert.Single(origin.Requests);
        Assert.Equal(("/file?q", origin.Authority), (request.Target, request.Field("Host")));
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Connections_beyond_the_limit_are_closed()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 4, options => options with { Limits = options.Limits with { MaxConnections = 1 } });
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);
        await first.SendAsync(Get);
        await first.ReadResponseAsync();

        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        await second.ExpectClosedAsync();

        await first.SendAsync(Get);
        Assert.Equal("HIT", (await first.ReadResponseAsync()).Field("X-Cache"));
    }
}
