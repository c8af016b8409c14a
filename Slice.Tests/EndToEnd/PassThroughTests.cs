using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// What is not sliced streams through, in both directions, unchanged but for the fields that belong to one connection (B22, B36, B41, B42).
/// </summary>
public sealed class PassThroughTests
{
    [Theory]
    [Trait("Behaviour", "B42")]
    [InlineData("Content-Length: 11\r\n\r\nhello world", "Content-Length")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: dropped\r\n\r\n", "Transfer-Encoding")]
    public async Task Post_is_forwarded_with_its_body_and_framing(string rest, string framing)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("201 Created", "made", "Location: /it"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("POST /form?q=%41 HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n" + rest);
        var response = await client.ReadResponseAsync();

        Assert.Equal(("HTTP/1.1 201 Created", "made", "/it"), (response.StatusLine, response.BodyText, response.Field("Location")));
        var request = Assert.Single(origin.Requests);
        Assert.Equal(("POST", "/form?q=%41"), (request.Method, request.Target));
        Assert.Equal("hello world", Wire.Text(request.Body.Span));
        Assert.Equal("text/plain", request.Field("Content-Type"));
        Assert.NotNull(request.Field(framing));
        Assert.Null(request.Field("Trailer"));
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Request_body_reaches_the_origin_while_the_client_still_sends()
    {
        var half = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(ReadInHalvesAsync, readsBodies: false);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");

        // The origin is connected to before the body has ended.
        await origin.RequestsArrivedAsync(1);
        half.SetResult();
        await client.SendAsync("4\r\nrest\r\n0\r\n\r\n");

        Assert.Equal("halfrest", (await client.ReadResponseAsync()).BodyText);

        async Task ReadInHalvesAsync(OriginExchange exchange)
        {
            await exchange.WaitAsync(half.Task);
            await exchange.ReadBodyAsync();
            await exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span));
        }
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Response_body_reaches_the_client_while_the_origin_still_sends()
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
            await exchange.WaitAsync(gate.Task);
            await exchange.SendAsync("rest");
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("OPTIONS", "/file"));
        await client.ReadHeadAsync();

        Assert.Equal("half", Wire.Text(await client.ReadBytesAsync(4)));
        gate.SetResult();
        Assert.Equal("rest", Wire.Text(await client.ReadBytesAsync(4)));
    }

    [Fact]
    [Trait("Behaviour", "B39")]
    public async Task Upload_waits_for_an_origin_that_does_not_read()
    {
        const int UploadBytes = 64 << 20;
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(
            async exchange =>
            {
                await exchange.WaitAsync(gate.Task);
                await exchange.ReadBodyAsync();
                await exchange.RespondAsync("200 OK");
            },
            readsBodies: false);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: {UploadBytes}\r\n\r\n");
        long sent = 0;
        var upload = UploadAsync();
        await origin.RequestsArrivedAsync(1);

        // Kernel buffers on four sockets take megabytes; the proxy itself must not take the rest.
        await Settled.RisingAsync(() => Volatile.Read(ref sent), "bytes taken from the client");
        Assert.False(upload.IsCompleted);
        Assert.InRange(sent, 1, UploadBytes / 2);

        gate.SetResult();
        await upload;
        Assert.Equal("HTTP/1.1 200 OK", (await client.ReadResponseAsync()).StatusLine);
        Assert.Equal(TestContent.Bytes(0, UploadBytes, seed: 1), origin.Requests[0].Body.ToArray());

        async Task UploadAsync()
        {
            byte[] block = new byte[64 << 10];
            while (sent < UploadBytes)
            {
                TestContent.Fill(sent, block, seed: 1);
                await client.SendAsync(block.AsMemory());
                Volatile.Write(ref sent, sent + block.Length);
            }
        }
    }

    [Fact]
    public async Task Response_waits_for_a_client_that_does_not_read()
    {
        var file = new RangeFile(64 << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10);
        await client.SendAsync("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        await client.ReadHeadAsync();

        await Settled.RisingAsync(() => file.ContentBytesSent, "bytes sent by the origin");
        Assert.InRange(file.ContentBytesSent, 1, file.LengthBytes / 2);

        byte[] body = await client.ReadBytesAsync((int)file.LengthBytes);
        using var sink = new VerifyingSink(file.Content);
        sink.Append(body);
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B39")]
    public async Task Expectation_of_too_large_a_body_is_refused_without_it()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, options => options with { Limits = options.Limits with { RequestBodyBytes = 3 } });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /file HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");

        var response = await client.ReadResponseAsync();

        Assert.Equal(413, response.StatusCode);
        Assert.Empty(response.InterimHeads);
        await client.ExpectClosedAsync();
    }

    [Theory]
    [Trait("Behaviour", "B38")]
    [Trait("Behaviour", "B39")]
    [InlineData("Content-Length: 4\r\n\r\nbody", 413)]
    [InlineData("Content-Length: 3\r\n\r\nbod", 200)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", 413)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n1\r\nd\r\n0\r\n\r\n", 200)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\r\nbod\r\n0\r\n\r\n", 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n2\nbo\r\n0\r\n\r\n", 400)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n-2\r\nbo\r\n0\r\n\r\n", 400)]
    public async Task Request_body_is_bounded_and_its_chunks_are_checked(string rest, int status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, options => options with { Limits = options.Limits with { RequestBodyBytes = 3 } });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("POST /file HTTP/1.1\r\nHost: x\r\n" + rest);
        var response = await client.ReadResponseAsync();

        Assert.Equal(status, response.StatusCode);
        if (status != 200)
        {
            Assert.Equal("close", response.Field("Connection"));
            await client.ExpectClosedAsync();
        }
    }

    [Fact]
    public async Task Upload_that_takes_longer_than_first_byte_is_not_cut_short()
    {
        // timeouts.first_byte runs from the request sent, timeouts.request_body between two bytes: neither bounds the whole upload.
        var time = new FakeTimeProvider();
        var ct = TestContext.Current.CancellationToken;
        using var origin = new TcpListener(IPAddress.Loopback, 0);
        origin.Start();
        await using var proxy = await ProxyUnderTest.StartAsync(
            new Uri($"http://{origin.LocalEndpoint}/"),
            4,
            options => options with { Limits = options.Limits with { MinReceiveRate = 0 } },
            time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nx");
        using var accepted = await Deadline.WithinAsync(origin.AcceptSocketAsync(ct).AsTask(), "the proxy connects");
        var arriving = new WireReader(accepted);
        await Deadline.WithinAsync(arriving.ReadHeadAsync(ct), "the head arrives");
        await Deadline.WithinAsync(arriving.ReadExactlyAsync(1, static _ => { }, ct), "the first byte arrives");

        for (int piece = 2; piece <= 4; piece++)
        {
            time.Advance(TimeSpan.FromSeconds(40));
            await client.SendAsync("x");
            await Deadline.WithinAsync(arriving.ReadExactlyAsync(1, static _ => { }, ct), $"byte {piece} arrives");
        }

        accepted.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8);
        Assert.Equal("HTTP/1.1 200 OK", (await client.ReadResponseAsync()).StatusLine);
    }

    [Fact]
    public async Task Origin_that_is_silent_after_a_whole_upload_is_504()
    {
        var time = new FakeTimeProvider();
        var never = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(exchange => exchange.WaitAsync(never.Task));
        await using var proxy = await StartAsync(origin, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
        await origin.RequestsArrivedAsync(1);

        var response = await PassingTime.UntilAsync(time, client.ReadResponseAsync(), "timeouts.first_byte passes");

        Assert.Equal(504, response.StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Request_body_that_falls_silent_is_408()
    {
        var time = new FakeTimeProvider();
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(
            origin, options => options with { Timeouts = options.Timeouts with { FirstByte = TimeSpan.FromDays(1) } }, time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx");
        await origin.RequestsArrivedAsync(1);

        var response = await PassingTime.UntilAsync(time, client.ReadResponseAsync(), "the body's deadline passes");

        Assert.Equal(408, response.StatusCode);
        await client.ExpectClosedAsync();
    }

    [Theory]
    [Trait("Behaviour", "B40")]
    [InlineData("Content-Length: 1000", "x")]
    [InlineData("Transfer-Encoding: chunked", "1\r\nx\r\n")]
    public async Task Request_body_that_creeps_in_is_408(string framing, string piece)
    {
        var time = new FakeTimeProvider();
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(
            origin, options => options with { Timeouts = options.Timeouts with { FirstByte = TimeSpan.FromDays(1) } }, time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"PUT /file HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n{piece}");
        await origin.RequestsArrivedAsync(1);
        var response = client.ReadResponseAsync();
        for (int second = 1; !response.IsCompleted; second++)
        {
            Assert.True(second < 900, "the body's time is never used up");
            time.Advance(TimeSpan.FromSeconds(1));
            if (second % 50 == 0)
            {
                await client.SendAsync(piece);
            }

            // Nothing announces that the proxy has read a byte.
            await Task.WhenAny(response, Task.Delay(5, TestContext.Current.CancellationToken));
        }

        Assert.Equal(408, (await response).StatusCode);
        await client.ExpectClosedAsync();
    }

    [Fact]
    public async Task Upload_that_is_running_when_the_proxy_stops_is_finished()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span)));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        await origin.RequestsArrivedAsync(1);

        var stopping = proxy.Instance.StopAsync();
        await Eventually.TrueAsync(() => !proxy.Instance.Parts.State.IsHealthy, "the proxy drains");
        await client.SendAsync("rest");
        var response = await client.ReadResponseAsync();
        await Deadline.WithinAsync(stopping, "the proxy stops");

        Assert.Equal("halfrest", response.BodyText);
    }

    [Fact]
    public async Task Client_that_leaves_mid_upload_ends_the_origins_request()
    {
        var ended = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(
            async exchange =>
            {
                try
                {
                    await exchange.ReadBodyAsync();
                }
                catch (Exception error) when (error is EndOfStreamException or SocketException)
                {
                    ended.SetResult();
                    throw;
                }
            },
            readsBodies: false);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf");
        await origin.RequestsArrivedAsync(1);

        client.Abort();

        await Deadline.WithinAsync(ended.Task, "the origin sees the end of the request");
        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "no request is active");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: gone\r\n\r\n", false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nabcde", true)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nabcde", true)]
    public async Task Response_without_length_is_chunked_anew(string answer, bool endsByClose)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(answer);
            if (endsByClose)
            {
                await exchange.CloseAsync();
            }
        });
        await using var proxy = await StartAsync(origin, options => options with { EnableCache = false });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 0; request < 2; request++)
        {
            await client.SendAsync(RawClient.Request("GET", "/stream"));
            var response = await client.ReadResponseAsync();
            Assert.Equal(("HTTP/1.1 200 OK", "abcde"), (response.StatusLine, response.BodyText));
            Assert.Equal("chunked", response.Field("Transfer-Encoding"));
            Assert.Null(response.Field("Content-Length"));
            Assert.Empty(response.TrailerLines);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc")]
    public async Task Response_cut_short_by_the_origin_is_cut_short_for_the_client(string answer)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(answer);
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(ResponseEnding.CutByClose, (await client.ReadEndingAsync()).Ending);
    }

    [Fact]
    [Trait("Behaviour", "B41")]
    public async Task Hop_by_hop_fields_stay_behind_in_both_directions()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "200 OK", "ok", "Connection: X-Private", "X-Private: 1", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Upgrade: h2c",
            "X-Kept: 2", "Set-Cookie: a=1", "Set-Cookie: b=2", "Via: 1.0 inner"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(
            "POST /file HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n"
            + "TE: trailers\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-Kept: 1\r\nCookie: c=1\r\nAccept-Encoding: br\r\n"
            + "If-None-Match: \"x\"\r\nRange: bytes=0-1\r\nVia: 1.0 outer\r\nContent-Length: 0\r\n\r\n");
        var response = await client.ReadResponseAsync();

        Assert.All(["X-Private", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "Connection"], name => Assert.Empty(response.Fields(name)));
        Assert.Equal("2", response.Field("X-Kept"));
        Assert.Equal(["a=1", "b=2"], response.Fields("Set-Cookie"));
        Assert.Equal(["1.0 inner", "1.1 pingora-slice"], response.Fields("Via"));
        var request = origin.Requests[0];
        Assert.All(["X-Secret", "Keep-Alive", "TE", "Proxy-Connection", "Upgrade"], name => Assert.Empty(request.Fields(name)));
        Assert.Equal(("1", "c=1", "br"), (request.Field("X-Kept"), request.Field("Cookie"), request.Field("Accept-Encoding")));
        Assert.Equal(("\"x\"", "bytes=0-1"), (request.Field("If-None-Match"), request.Field("Range")));
        Assert.Matches(@"^1\.0 outer, 1\.1 pingora-slice \([0-9a-f]{8}\)$", string.Join(", ", request.Fields("Via")));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("", "127.0.0.1")]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9, 127.0.0.1")]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.1\r\n", "203.0.113.9, 10.0.0.1, 127.0.0.1")]
    public async Task Forwarding_is_told_to_the_origin(string fields, string forwardedFor)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: shop.example\r\nX-Forwarded-Proto: gopher\r\n{fields}Content-Length: 0\r\n\r\n");
        await client.ReadResponseAsync();

        var request = Assert.Single(origin.Requests);
        Assert.Equal([forwardedFor], request.Fields("X-Forwarded-For"));
        Assert.Equal(["http"], request.Fields("X-Forwarded-Proto"));
        Assert.Equal(["shop.example"], request.Fields("X-Forwarded-Host"));
        Assert.Equal([origin.Authority], request.Fields("Host"));
    }

    [Fact]
    public async Task Head_of_an_unknown_object_is_the_origins()
    {
        var file = new RangeFile(16);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("HEAD", "/file"));
        var response = await client.ReadResponseAsync("HEAD");
        await client.SendAsync(RawClient.Request("HEAD", "/file"));
        await client.ReadResponseAsync("HEAD");

        Assert.Equal(("16", "\"v1\""), (response.Field("Content-Length"), response.Field("ETag")));
        Assert.All(origin.Requests, request => Assert.Equal("HEAD", request.Method));
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Options_about_the_server_is_answered_by_the_proxy()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("500 Not Asked"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("OPTIONS", "*"));
        var response = await client.ReadResponseAsync();

        Assert.Equal(("HTTP/1.1 200 OK", "0"), (response.StatusLine, response.Field("Content-Length")));
        Assert.Equal(0, origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B43")]
    [InlineData("/")]
    [InlineData("//elsewhere.example/x")]
    [InlineData("/a/../../b/./c")]
    [InlineData("/%61%2F%2e%2e/%zz%")]
    [InlineData("/a|b\\c^d`e{f}[g]")]
    [InlineData("/a?b=//c/../d&e=%41?f")]
    [InlineData("/?")]
    public async Task Target_reaches_the_origin_as_the_client_sent_it(string target)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("404 Not Found", "no"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/sliced/"] });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        // Nobody else gets the answer to either: the one has a body, the other a cookie outside the sliced paths.
        await client.SendAsync(RawClient.Request("POST", target));
        Assert.Equal("no", (await client.ReadResponseAsync()).BodyText);
        await client.SendAsync(RawClient.Request("GET", target, "Cookie: a=b"));
        Assert.Equal("no", (await client.ReadResponseAsync()).BodyText);

        Assert.All(origin.Requests, request => Assert.Equal(target, request.Target));
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("/file")]
    [InlineData("/health")]
    public async Task Options_reaches_the_origin_with_its_target(string target)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("204 No Content", "", "Allow: GET, OPTIONS"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("OPTIONS", target));
        var response = await client.ReadResponseAsync();

        Assert.Equal((204, "GET, OPTIONS"), (response.StatusCode, response.Field("Allow")));
        Assert.Equal(target, Assert.Single(origin.Requests).Target);
    }

    // RFC 9110 §8.6, §15.4.5: a length beside 204 would make a careless client wait for a body; beside 304 the field is of the object.
    [Theory]
    [Trait("Behaviour", "B17")]
    [InlineData("204 No Content", null)]
    [InlineData("304 Not Modified", "5")]
    public async Task Length_of_an_answer_without_a_body_goes_on_only_where_it_may(string status, string? length)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.SendAsync($"HTTP/1.1 {status}\r\nContent-Length: 5\r\nETag: \"v1\"\r\n\r\n"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("PROPFIND", "/file"));

        var response = await client.ReadResponseAsync();
        Assert.StartsWith("HTTP/1.1 " + status, response.StatusLine, StringComparison.Ordinal);
        Assert.Equal(length, response.Field("Content-Length"));
    }

    [Fact]
    [Trait("Behaviour", "B43")]
    public async Task Get_outside_the_patterns_is_neither_sliced_nor_stored()
    {
        var file = new RangeFile(16);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(
            origin, options => options with { SlicePatterns = ["^/big/", @"\.iso$"], CacheUnsliced = false });

        foreach (string target in new[] { "/small/file", "/small/file", "/x.iso.txt", "/x?/big/" })
        {
            var response = await proxy.GetAsync(target);
            Assert.Equal("BYPASS", response.Field("X-Cache"));
            Assert.Equal(TestContent.Bytes(0, 16, file.Seed), response.Body);
        }

        Assert.Equal(4, origin.RequestCount);
        Assert.All(origin.Requests, request => Assert.Null(request.Field("Range")));
        Assert.Equal("MISS", (await proxy.GetAsync("/x.iso?v=1")).Field("X-Cache"));
        Assert.Equal("MISS", (await proxy.GetAsync("/%62ig/x")).Field("X-Cache"));
    }

    [Theory]
    [InlineData("304 Not Modified", "ETag: \"v1\"")]
    [InlineData("204 No Content", "X-A: b")]
    public async Task Response_without_content_leaves_the_connection_usable(string status, string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync($"HTTP/1.1 {status}\r\n{field}\r\n\r\n"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"], CacheUnsliced = false });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 0; request < 2; request++)
        {
            await client.SendAsync(RawClient.Request("GET", "/file", "If-None-Match: \"v1\""));
            var response = await client.ReadResponseAsync();
            Assert.Equal("HTTP/1.1 " + status, response.StatusLine);
            Assert.Contains(field, response.FieldLines);
            Assert.Null(response.Field("Transfer-Encoding"));
        }
    }

    [Fact]
    public async Task Interim_responses_of_the_origin_do_not_disturb_the_final_one()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal("ok", (await client.ReadResponseAsync()).BodyText);
    }

    [Theory]
    [InlineData("301 Moved Permanently")]
    [InlineData("404 Not Found")]
    [InlineData("401 Unauthorized")]
    public async Task Answer_to_the_first_slice_that_is_no_object_is_passed_on(string status)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync(status, "text", "Location: /else", "WWW-Authenticate: Basic"));
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(("HTTP/1.1 " + status, "text", "/else"), (response.StatusLine, response.BodyText, response.Field("Location")));
        Assert.Equal(1, origin.RequestCount);
    }

    private static Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null, TimeProvider? time = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, configure, time);
}
