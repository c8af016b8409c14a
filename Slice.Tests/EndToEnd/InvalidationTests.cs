using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What requests that pass through say about what is stored: unsafe methods (B34), and HEAD.</summary>
public sealed class InvalidationTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=60"] };
    private string _answer = "200 OK";
    private string[] _answerFields = [];

    [Theory]
    [InlineData("POST", "200 OK", true)]
    [InlineData("PUT", "201 Created", true)]
    [InlineData("PATCH", "204 No Content", true)]
    [InlineData("DELETE", "303 See Other", true)]
    [InlineData("M-SEARCH", "200 OK", true)]
    [InlineData("POST", "400 Bad Request", false)]
    [InlineData("POST", "500 Internal Server Error", false)]
    [InlineData("OPTIONS", "200 OK", false)]
    [InlineData("TRACE", "200 OK", false)]
    [InlineData("PROPFIND", "207 Multi-Status", false)]
    [InlineData("REPORT", "207 Multi-Status", false)]
    [InlineData("SEARCH", "200 OK", false)]
    [InlineData("QUERY", "200 OK", false)]
    [InlineData("query", "200 OK", true)]
    [InlineData("PROPPATCH", "207 Multi-Status", true)]
    [Trait("Behaviour", "B34")]
    public async Task Unsafe_method_that_succeeds_makes_its_target_invalid(string method, string status, bool isInvalid)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a%62c?q=1");
        _answer = status;

        await SendAsync(proxy, method, "/abc?q=1");

        Assert.Equal(isInvalid ? "MISS" : "HIT", (await proxy.GetAsync("/abc?q=1")).Field("X-Cache"));
    }

    [Theory]
    [InlineData("Location: /other", true)]
    [InlineData("Location: other?x", false)]
    [InlineData("Location: ./%6Fther", true)]
    [InlineData("Content-Location: http://proxy.example/other", true)]
    [InlineData("Content-Location: http://proxy.example:81/other", false)]
    [InlineData("Location: //elsewhere.example/other", false)]
    [InlineData("Location: http://", false)]
    [InlineData("Location: http://proxy.example./other", true)]
    [InlineData("Location: HTTP://PROXY.example:80/other", true)]
    [InlineData("Location: https://proxy.example:443/other", true)]
    [InlineData("Content-Location: http://proxy.example.:80/other", true)]
    [InlineData("Location: http://proxy.example.:81/other", false)]
    [InlineData("Location: http://proxy.example.elsewhere.example/other", false)]
    [Trait("Behaviour", "B34")]
    public async Task Location_and_Content_Location_of_the_same_origin_are_invalid_too(string field, bool isInvalid)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/other");
        _answerFields = [field];

        await SendAsync(proxy, "POST", "/form");

        Assert.Equal(isInvalid ? "MISS" : "HIT", (await proxy.GetAsync("/other")).Field("X-Cache"));
    }

    // Host and Destination spell the site in different ways (RFC 9110 §4.2.3).
    [Theory]
    [InlineData("MOVE", "proxy.example", "http://proxy.example./other", true)]
    [InlineData("COPY", "proxy.example", "http://Proxy.Example:80/other", true)]
    [InlineData("MOVE", "PROXY.example.:80", "http://proxy.example/other", true)]
    [InlineData("MOVE", "proxy.example:443", "https://proxy.example/other", true)]
    [InlineData("MOVE", "proxy.example:81", "http://proxy.example/other", false)]
    [Trait("Behaviour", "B34")]
    public async Task Destination_of_the_same_site_is_invalid_too(string method, string host, string destination, bool isInvalid)
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/other");

        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(
                $"{method} /form HTTP/1.1\r\nHost: {host}\r\nDestination: {destination}\r\nConnection: close\r\n\r\n");
            await client.ReadHeadAsync();
        }

        Assert.Equal(isInvalid ? "MISS" : "HIT", (await proxy.GetAsync("/other")).Field("X-Cache"));
    }

    // What one client's HEAD brings must not take away what stands in for a failing origin (RFC 5861 §4).
    [Theory]
    [InlineData("200 OK", "", true, true)]
    [InlineData("200 OK", "", false, true)]
    [InlineData("200 OK", "Content-Length: 16", true, true)]
    [InlineData("200 OK", "Content-Length: 16\r\nVary: Origin", true, true)]
    [InlineData("200 OK", "ETag: \"v1\"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nContent-Length: 16", true, true)]
    [InlineData("302 Found", "Location: /login\r\nContent-Length: 5", true, true)]
    [InlineData("302 Found", "Location: /login\r\nContent-Length: 5\r\nETag: \"v2\"", false, true)]
    [InlineData("204 No Content", "", true, true)]
    [InlineData("200 OK", "Content-Length: 17", true, false)]
    [InlineData("200 OK", "ETag: \"v2\"", true, false)]
    [InlineData("200 OK", "ETag: \"v2\"", false, false)]
    [InlineData("404 Not Found", "Content-Length: 0", true, false)]
    [InlineData("410 Gone", "Content-Length: 0", false, false)]
    [Trait("Behaviour", "B52")]
    public async Task Head_ends_a_stale_object_only_by_another_version(string status, string fields, bool isSliced, bool isKept)
    {
        _file.ETag = "\"v1\"";
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-if-error=600"];
        await using var origin = StartOrigin();
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 8, options => options with { MaxRetries = 0, SlicePatterns = [isSliced ? "^/" : "^/nothing"] }, _time);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        string lines = fields.Length > 0 ? fields + "\r\n" : "";
        origin.Answer = exchange => exchange.SendAsync(exchange.Request.Method == "HEAD"
            ? $"HTTP/1.1 {status}\r\n{lines}\r\n"
            : "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n");

        await SendAsync(proxy, "HEAD", "/file");
        var next = await proxy.GetAsync("/file");

        Assert.Equal(isKept ? 200 : 503, next.StatusCode);
        Assert.Equal(isKept ? TestContent.Bytes(0, 16, _file.Seed) : [], next.Body);
    }

    [Theory]
    [InlineData("\"v1\"", 16, true)]
    [InlineData("\"v2\"", 16, false)]
    [InlineData("\"v1\"", 17, false)]
    public async Task Head_of_a_stale_object_tells_whether_it_is_still_good(string tag, int length, bool isGood)
    {
        _file.ETag = "\"v1\"";
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        int cold = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(61));
        var get = origin.Answer;
        origin.Answer = exchange => exchange.Request.Method == "HEAD"
            ? exchange.SendAsync(
                $"HTTP/1.1 200 OK\r\nETag: {tag}\r\nLast-Modified: {_file.LastModified}\r\n"
                + $"Content-Length: {length}\r\nCache-Control: max-age=60\r\n\r\n")
            : get(exchange);

        await SendAsync(proxy, "HEAD", "/file");
        var next = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), next.Body);
        Assert.Equal(isGood ? "HIT" : "MISS", next.Field("X-Cache"));
        Assert.Equal(isGood ? cold + 1 : cold + 3, origin.RequestCount);
    }

    private ScriptedOrigin StartOrigin() => ScriptedOrigin.Start(exchange => exchange.Request.Method == "GET"
        ? _file.AnswerAsync(exchange)
        : exchange.SendAsync($"HTTP/1.1 {_answer}\r\n{string.Concat(_answerFields.Select(field => field + "\r\n"))}"
            + (_answer.StartsWith("204", StringComparison.Ordinal) ? "\r\n" : "Content-Length: 0\r\n\r\n")));

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8, time: _time);

    private static async Task SendAsync(ProxyUnderTest proxy, string method, string target)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync($"{method} {target} HTTP/1.1\r\nHost: proxy.example\r\nConnection: close\r\n\r\n");
        await client.ReadHeadAsync();
    }
}
