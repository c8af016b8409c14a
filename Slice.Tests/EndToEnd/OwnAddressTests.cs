using System.Globalization;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What the origin calls by its own address is the client's to the client (B64), however the answer gets there.</summary>
public sealed class OwnAddressTests
{
    // A redirect that is passed on, one that is stored, the answers to a client's own requests, and what has no body.
    [Theory]
    [InlineData("GET", "301 Moved Permanently", "Cache-Control: max-age=60")]
    [InlineData("GET", "302 Found", "X-None: 1")]
    [InlineData("GET", "303 See Other", "Cache-Control: no-store")]
    [InlineData("GET", "307 Temporary Redirect", "Set-Cookie: a=b")]
    [InlineData("GET", "308 Permanent Redirect", "Cache-Control: private")]
    [InlineData("HEAD", "301 Moved Permanently", "X-None: 1")]
    [InlineData("POST", "201 Created", "X-None: 1")]
    [InlineData("POST", "303 See Other", "X-None: 1")]
    [InlineData("PATCH", "200 OK", "X-None: 1")]
    [InlineData("OPTIONS", "302 Found", "X-None: 1")]
    [Trait("Behaviour", "B64")]
    public async Task Every_answer_names_the_clients_address(string method, string status, string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            $"HTTP/1.1 {status}\r\nLocation: {Root(exchange)}/dir/?a=b#c\r\ncontent-location: {Root(exchange)}\r\n"
                + $"Refresh: 5; URL='{Root(exchange)}/x'\r\nLink: <{Root(exchange)}/>\r\n{field}\r\nContent-Length: 0\r\n\r\n"));
        await using var proxy = await StartAsync(origin);

        foreach (string host in (string[])["one.example", "Two.Example:8080", "one.example"])
        {
            var response = await SendAsync(proxy, method, host);
            Assert.Equal($"http://{host}/dir/?a=b#c", response.Field("Location"));
            Assert.Equal($"http://{host}", response.Field("Content-Location"));
            Assert.Equal($"5; URL='http://{host}/x'", response.Field("Refresh"));
            Assert.Equal($"<{origin.Uri}>", response.Field("Link"));
        }

        Assert.Equal(field.EndsWith("=60", StringComparison.Ordinal) ? 1 : 3, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Stored_object_names_each_clients_address_in_every_form()
    {
        var file = new RangeFile(4096);
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            file.ExtraFields = [$"Content-Location: {Root(exchange)}/v1/file", "Content-Type: video/mp4"];
            return file.AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);

        foreach (string host in (string[])["one.example", "two.example"])
        {
            string[][] requests =
            [
                ["200"], ["206", "Range: bytes=4-9"], ["206", "Range: bytes=0-0,2000-2000"], ["304", "If-None-Match: " + file.ETag],
            ];
            foreach (string[] request in requests)
            {
                var response = await SendAsync(proxy, "GET", host, request[1..]);
                Assert.Equal(request[0], response.StatusCode.ToString(CultureInfo.InvariantCulture));
                Assert.Equal($"http://{host}/v1/file", response.Field("Content-Location"));
            }

            Assert.Equal($"http://{host}/v1/file", (await SendAsync(proxy, "HEAD", host)).Field("Content-Location"));
        }
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Interim_response_names_the_clients_address()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            $"HTTP/1.1 104 Upload Resumption Supported\r\nLocation: {Root(exchange)}/u/1\r\n\r\n"
                + "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("POST /u HTTP/1.1\r\nHost: one.example\r\nContent-Length: 0\r\n\r\n");

        var response = await client.ReadResponseAsync();

        string interim = Assert.Single(response.InterimHeads);
        Assert.Equal("HTTP/1.1 104 Upload Resumption Supported\r\nLocation: http://one.example/u/1", interim.Trim());
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Client_that_named_no_host_gets_a_relative_reference()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "302 Found", "", $"Location: {Root(exchange)}{(exchange.Request.Target == "/root" ? "" : "/dir/")}"));
        await using var proxy = await StartAsync(origin);

        Assert.Equal("/dir/", (await SendOldAsync(proxy, "/dir")).Field("Location"));
        Assert.Equal("/", (await SendOldAsync(proxy, "/root")).Field("Location"));
    }

    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Other_places_and_everything_when_switched_off_stay_as_they_are()
    {
        string location = "";
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("302 Found", "", $"Location: {location}"));
        await using var proxy = await StartAsync(origin);
        await using var plain = await StartAsync(origin, options => options with { RewriteLocation = false });

        foreach (string other in (string[])["/dir/", "dir/", "https://cdn.example/x", $"https://{origin.Authority}/x"])
        {
            location = other;
            Assert.Equal(other, (await SendAsync(proxy, "GET", "one.example")).Field("Location"));
        }

        location = $"{origin.Uri}dir/";
        Assert.Equal(location, (await SendAsync(plain, "GET", "one.example")).Field("Location"));
        Assert.Equal(location, (await SendAsync(plain, "POST", "one.example", "Content-Length: 0")).Field("Location"));
    }

    // Each of them is longer than what stood there; only the first three have room, which are more than a client should believe.
    [Fact]
    [Trait("Behaviour", "B64")]
    public async Task Many_references_and_a_long_host_fit_into_the_head()
    {
        string host = string.Join('.', Enumerable.Repeat(new string('a', 60), 100));
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "302 Found", "", [.. Enumerable.Repeat($"Location: {Root(exchange)}/", 50)]));
        await using var proxy = await StartAsync(origin);

        foreach (string method in (string[])["GET", "POST"])
        {
            var response = await SendAsync(proxy, method, host);
            Assert.Equal(50, response.Fields("Location").Count);
            Assert.Equal($"http://{host}/", response.Fields("Location")[0]);
        }
    }

    [Fact]
    [Trait("Behaviour", "B34")]
    public async Task Unsafe_request_makes_what_lies_at_the_origins_own_address_unusable()
    {
        var file = new RangeFile(16);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Method == "GET"
            ? file.AnswerAsync(exchange)
            : exchange.RespondAsync("201 Created", "", $"Location: {Root(exchange)}/file"));
        await using var proxy = await StartAsync(origin);
        await SendAsync(proxy, "GET", "one.example");

        await proxy.GetAsync("/file");
        await SendAsync(proxy, "POST", "one.example", "Content-Length: 0");

        Assert.Equal("MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    private static string Root(OriginExchange exchange) => "http://" + exchange.Request.Field("Host");

    private static async Task<RawResponse> SendAsync(ProxyUnderTest proxy, string method, string host, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        string lines = string.Concat(fields.Select(field => field + "\r\n"));
        await client.SendAsync($"{method} /file HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n");
        return method == "HEAD" ? await client.ReadHeadAsync() : await client.ReadResponseAsync();
    }

    private static async Task<RawResponse> SendOldAsync(ProxyUnderTest proxy, string target)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"GET {target} HTTP/1.0\r\n\r\n");
        return await client.ReadResponseAsync();
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64, configure);
}
