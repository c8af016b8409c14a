using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A client's own request reaches the origin as it came, once, and the origin's answer comes back when it comes (B62). Nothing that a
/// client does moves the health of an origin (B63).
/// </summary>
public sealed class OwnRequestTests
{
    private static readonly string[] s_interimHeads =
        ["HTTP/1.1 102 Processing\r\nX-A: 1\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"];

    private static readonly string[] s_methods =
    [
        "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "LOCK", "REPORT", "M-SEARCH", "QUERY", "GET", "HEAD",
        "CONNECT", "TRACE",
    ];

    // Those of a name that we know in capitals only go another way.
    public static TheoryData<string> Methods =>
    [
        .. s_methods.Where(method => method is not ("CONNECT" or "GET" or "HEAD" or "TRACE")),
        .. s_methods.Select(method => method.ToLowerInvariant()),
        .. s_methods.Select(method => method[..1] + method[1..].ToLowerInvariant()),
    ];

    // Those that a library puts into another collection, joins, reorders or drops, and those that it makes up.
    public static TheoryData<string> Fields =>
    [
        "Allow: GET", "Content-Encoding: gzip", "Content-Language: de, en", "Content-Location: /y", "Content-MD5: Q2hlY2s=",
        "Content-Range: bytes */2000000", "Content-Type: text/plain; charset=\"utf-8\"", "Content-Disposition: attachment",
        "Content-Digest: sha-256=:YQ==:", "Expires: Thu, 01 Dec 2033 16:00:00 GMT", "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT",
        "Accept: a/b\r\nAccept: c/d", "Cookie: a=1; b=2\r\nCookie: c=3", "X-Empty:", "X-Obs: \u00e9\u0085", "X-Tab: a\tb",
        "Date: x", "If-Match: \"a\"", "If-None-Match: *", "If-Modified-Since: yesterday", "If-Range: W/\"x\"", "Range: bytes=0-",
        "Authorization: Digest username=\"a\", uri=\"/\"", "User-Agent: a (b; c) d/1", "Referer: http://a/b c", "Warning: 199 - \"x\"",
        "From: not an address", "Accept-Encoding: br;q=1.0, *;q=0", "Accept-Language: en", "Origin: null", "Max-Forwards: x",
        "Pragma: no-cache", "Cache-Control: max-age=0, x=\"y\"", "Trace-Parent: 00-1", "traceparent: 00-x", "x-lower: y", "X_Under: z",
    ];

    [Theory]
    [Trait("Behaviour", "B62")]
    [MemberData(nameof(Methods))]
    public async Task Method_goes_as_the_client_spells_it(string method)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        // Twice: the second answer is found only where the first one ends.
        await client.SendAsync($"{method} /one HTTP/1.1\r\nHost: x\r\n\r\n{method} /two HTTP/1.1\r\nHost: x\r\n\r\n");

        Assert.Equal("body", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal("body", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal([(method, "/one"), (method, "/two")], origin.Requests.Select(request => (request.Method, request.Target)));
    }

    [Theory]
    [Trait("Behaviour", "B62")]
    [MemberData(nameof(Fields))]
    public async Task Field_goes_once_as_it_came_with_and_without_a_body(string lines)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        foreach (string framing in new[] { "", "Content-Length: 0", "Content-Length: 1", "Transfer-Encoding: chunked" })
        {
            string line = framing.Length > 0 ? framing + "\r\n" : "";
            string body = framing switch { "Content-Length: 1" => "b", "Transfer-Encoding: chunked" => "1\r\nb\r\n0\r\n\r\n", _ => "" };
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(
                $"PUT /x HTTP/1.1\r\nHost: x\r\nX-First: 1\r\n{lines}\r\n{line}X-Last: 2\r\n\r\n{body}");
            Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

            // Between the two lines around it, and nowhere else. A coding is ours to state.
            string head = origin.Requests[^1].HeadText;
            string expected = framing.StartsWith("Content-Length", StringComparison.Ordinal) ? lines + "\r\n" + framing : lines;
            Assert.Contains($"\r\nX-First: 1\r\n{Spaced(expected)}\r\nX-Last: 2\r\n", head, StringComparison.Ordinal);
        }
    }

    // RFC 9110 §9.2.2. The origin has closed an idle connection, or closes a connection in the middle of its work.
    [Theory]
    [Trait("Behaviour", "B62")]
    [InlineData("POST", true, 1)]
    [InlineData("POST", false, 1)]
    [InlineData("PATCH", true, 1)]
    [InlineData("BUY", false, 1)]
    [InlineData("get", true, 1)]
    [InlineData("PUT", true, 2)]
    [InlineData("DELETE", false, 2)]
    [InlineData("OPTIONS", true, 2)]
    public async Task Request_whose_kept_connection_ends_is_sent_again_only_if_it_may(string method, bool isReset, int times)
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.Request.Target == "/warm" ? exchange.RespondAsync("200 OK")
            : isReset ? exchange.ResetAsync() : exchange.CloseAsync());
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("OPTIONS /warm HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        await client.SendAsync($"{method} /race HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(502, (await client.ReadResponseAsync()).StatusCode);
        Assert.Equal(times, origin.Requests.Count(request => request.Target == "/race"));
        Assert.DoesNotContain(proxy.Log, line => times == 1 && line.Contains("origin_rests", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B62")]
    public async Task Answer_to_an_upload_arrives_while_the_client_still_sends()
    {
        await using var origin = ScriptedOrigin.Start(
            async exchange =>
            {
                await exchange.RespondAsync("200 OK", "early");
                await exchange.ReadBodyAsync();
            },
            readsBodies: false);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin");

        var response = await client.ReadResponseAsync();

        Assert.Equal((200, "early", "close"), (response.StatusCode, response.BodyText, response.Field("Connection")));
    }

    [Theory]
    [Trait("Behaviour", "B36")]
    [Trait("Behaviour", "B62")]
    [InlineData("401 Unauthorized")]
    [InlineData("413 Content Too Large")]
    [InlineData("417 Expectation Failed")]
    public async Task Expectation_is_the_origins_to_refuse(string status)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync(status, "no", "Connection: close"), readsBodies: false);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n");

        var response = await client.ReadResponseAsync();

        Assert.Equal(($"HTTP/1.1 {status}", 0), (response.StatusLine, response.InterimHeads.Count));
        Assert.Equal("100-continue", origin.Requests[0].Field("Expect"));
    }

    // Some clients wait for ever, and some origins never say 100.
    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Client_is_told_to_go_on_when_the_origin_says_nothing_for_a_second()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var origin = ScriptedOrigin.Start(
            async exchange =>
            {
                await exchange.ReadBodyAsync();
                await exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span));
            },
            readsBodies: false);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
        await origin.RequestsArrivedAsync(1);
        var reading = client.ReadBytesAsync(25);
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(250));
                return reading.IsCompleted;
            },
            "the client is told");

        Assert.Equal("HTTP/1.1 100 Continue\r\n\r\n", Wire.Text(await reading));
        await client.SendAsync("body");
        Assert.Equal("body", (await client.ReadResponseAsync()).BodyText);
    }

    [Theory]
    [Trait("Behaviour", "B44")]
    [Trait("Behaviour", "B62")]
    [InlineData("1.1", "Content-Length: 4\r\n\r\nbody", 2)]
    [InlineData("1.1", "\r\n", 2)]
    [InlineData("1.0", "Content-Length: 4\r\n\r\nbody", 0)]
    public async Task Interim_responses_pass_to_who_knows_them(string version, string rest, int passed)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX-A: 1\r\nConnection: X-B\r\nX-B: 2\r\n\r\n");
            await exchange.SendAsync("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
            await exchange.RespondAsync("200 OK", "done");
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"POST /x HTTP/{version}\r\nHost: x\r\n{rest}");

        var response = await client.ReadResponseAsync();

        Assert.Equal("done", response.BodyText);
        Assert.Equal(
            s_interimHeads[..passed],
            response.InterimHeads);
    }

    [Theory]
    [Trait("Behaviour", "B62")]
    [InlineData("a!b")]
    [InlineData("a;b")]
    [InlineData("a..b")]
    [InlineData(".")]
    [InlineData("[:::::]")]
    [InlineData("upper.example:8080")]
    public async Task Host_that_the_parser_takes_goes_on(string host)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", "Cache-Control: no-store"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { ForwardHost = true });
        foreach (string method in new[] { "POST", "DELETE", "GET", "HEAD" })
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync($"{method} /x HTTP/1.1\r\nHost: {host}\r\n\r\n");
            Assert.Equal(200, (await client.ReadResponseAsync(method)).StatusCode);
            Assert.Equal(host, origin.Requests[^1].Field("Host"));
        }
    }

    [Fact]
    [Trait("Behaviour", "B62")]
    public async Task Line_of_a_response_that_is_none_is_left_out_with_a_line_in_the_log()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            "HTTP/1.1 200 OK\r\nServer: cam\r\nTue, 12 Jun 2012 01_56_34 GMT\r\nContent-Length: 2\r\n\r\nok"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /x HTTP/1.1\r\nHost: x\r\n\r\n");

        var response = await client.ReadResponseAsync();

        Assert.Equal(("cam", "ok"), (response.Field("Server"), response.BodyText));
        Assert.Contains(proxy.Log, line => line.Contains("origin_lines_dropped", StringComparison.Ordinal)
            || line.Contains("Tue, 12 Jun 2012", StringComparison.Ordinal));
    }

    // An empty value has a space before it as every other.
    private static string Spaced(string lines) => lines.Replace("X-Empty:", "X-Empty: ", StringComparison.Ordinal);
}
