using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The id of a request: a trusted proxy's or ours, at the origin and in every line about the request.</summary>
public sealed class RequestIdTests
{
    private const string Made = "^[0-9a-f]{32}$";

    [Theory]
    [InlineData(true, "X-Request-Id: 7f3e-proxy", "^7f3e-proxy$")]
    [InlineData(false, "X-Request-Id: 7f3e-client", Made)]
    [InlineData(true, "X-Request-Id: two words", Made)]
    [InlineData(true, "X-Request-Id: a\r\nX-Request-Id: b", Made)]
    [InlineData(true, "X-Request-Id: ", Made)]
    [InlineData(true, "X-None: 1", Made)]
    public async Task Origin_gets_the_id_with_requests_of_ours_and_with_the_clients_own(bool isTrusted, string field, string expected)
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(300).AnswerAsync);
        await using var proxy = await StartAsync(origin, isTrusted ? ["127.0.0.0/8"] : ["192.0.2.1"]);

        await AskAsync(proxy, $"GET /file HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        int asked = origin.RequestCount;
        await AskAsync(proxy, $"POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n{field}\r\n\r\n");

        Assert.All(origin.Requests, request => Assert.Matches(expected, Assert.Single(request.Fields("X-Request-Id"))));
        Assert.Equal(3, asked);
        Assert.Single(origin.Requests.Take(asked).Select(request => request.Field("X-Request-Id")).Distinct());
    }

    [Theory]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public async Task Id_of_a_proxy_is_bounded(int length, bool isTaken)
    {
        string id = new('i', length);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, ["127.0.0.1"]);
        await AskAsync(proxy, $"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX-Request-Id: {id}\r\n\r\n");
        Assert.Equal(isTaken, Assert.Single(origin.Requests).Field("X-Request-Id") == id);
    }

    [Fact]
    public async Task No_two_requests_have_the_same_id()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, []);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        for (int request = 0; request < 20; request++)
        {
            await client.SendAsync("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            await client.ReadResponseAsync();
        }

        Assert.Equal(20, origin.Requests.Select(request => request.Field("X-Request-Id")).Distinct().Count());
    }

    // Whoever signs the field has it as it was signed.
    [Fact]
    [Trait("Behaviour", "B66")]
    public async Task Signed_id_stays_as_it_is()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, []);
        await AskAsync(
            proxy,
            "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n"
            + "Authorization: AWS4-HMAC-SHA256 Credential=c, SignedHeaders=host;x-request-id, Signature=s\r\n\r\n");
        Assert.Equal(["mine"], Assert.Single(origin.Requests).Fields("X-Request-Id"));
    }

    [Fact]
    public async Task Lines_about_a_request_have_its_id_and_debug_tells_its_story()
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(300).AnswerAsync);
        await using var proxy = await StartAsync(origin, ["127.0.0.1"]);

        await proxy.GetAsync("/file", "X-Request-Id: story-1");
        await proxy.GetAsync("/file", "X-Request-Id: story-2");
        await AskAsync(proxy, "POST /file HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX-Request-Id: story-3\r\n\r\n");

        await Eventually.TrueAsync(
            () => StoryOf(proxy, "story-3").Any(line => EventOf(line) == "answered"), "the end of the last story");
        Assert.Equal(
            ["request", "looked_up", "origin_tried", "fetched", "planned", "origin_tried", "origin_tried", "answered"],
            StoryOf(proxy, "story-1").Select(EventOf));
        Assert.Equal(["request", "looked_up", "planned", "answered"], StoryOf(proxy, "story-2").Select(EventOf));
        Assert.Equal(["request", "passed_through", "origin_tried", "answered"], StoryOf(proxy, "story-3").Select(EventOf));
        string address = origin.Uri.ToString().TrimEnd('/');
        Assert.Contains($"story-1 {address} GET /file 0-99 206 ", StoryOf(proxy, "story-1")[2], StringComparison.Ordinal);
        Assert.Contains("uri-miss", StoryOf(proxy, "story-1")[1], StringComparison.Ordinal);
        Assert.EndsWith(" complete", StoryOf(proxy, "story-2")[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max-age=60", "True", " ")]
    [InlineData("private", "False", " private")]
    public async Task Story_says_whether_the_object_is_kept_and_why_not(string cacheControl, string isStored, string reason)
    {
        var file = new RangeFile(300) { ExtraFields = [$"Cache-Control: {cacheControl}"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin, ["127.0.0.1"]);

        await proxy.GetAsync("/file", "X-Request-Id: kept-1");

        string line = Assert.Single(StoryOf(proxy, "kept-1"), line => EventOf(line) == "fetched");
        Assert.EndsWith($" False {isStored}{reason}", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failure_has_the_id_of_the_request_that_met_it()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.CloseAsync());
        await using var proxy = await StartAsync(origin, ["127.0.0.1"]);
        await AskAsync(proxy, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX-Request-Id: failed-1\r\n\r\n");
        Assert.EndsWith(
            " failed-1",
            Assert.Single(proxy.Log, line => line.StartsWith("Warning origin_failed", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, string[] trusted) => ProxyUnderTest.StartAsync(
        origin.Uri, 100, options => options with { MaxRetries = 0, TrustedProxies = trusted });

    private static async Task AskAsync(ProxyUnderTest proxy, string request)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(request);
        await client.ReadResponseAsync();
    }

    private static string[] StoryOf(ProxyUnderTest proxy, string id) =>
        [.. proxy.Log.Where(line => line.StartsWith("Debug ", StringComparison.Ordinal) && line.Contains(id, StringComparison.Ordinal))];

    private static string EventOf(string line) => line.Split(' ')[1];
}
