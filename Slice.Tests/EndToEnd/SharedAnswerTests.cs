using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What one client says about itself never shapes what another gets.</summary>
public sealed class SharedAnswerTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    // An origin that builds a field of the request into its answer and does not say that it varies.
    [Theory]
    [InlineData("Host", "Host: evil.example")]
    [InlineData("X-Forwarded-Host", "X-Forwarded-Host: evil.example")]
    [InlineData("X-Forwarded-For", "X-Forwarded-For: 6.6.6.6")]
    [InlineData("X-Forwarded-Proto", "X-Forwarded-Proto: https")]
    [InlineData("X-Forwarded-Port", "X-Forwarded-Port: 1")]
    [InlineData("X-Forwarded-Scheme", "X-Forwarded-Scheme: nothttps")]
    [InlineData("X-Original-URL", "X-Original-URL: /admin")]
    [InlineData("X-Rewrite-URL", "X-Rewrite-URL: /admin")]
    [InlineData("X-Host", "X-Host: evil.example")]
    [InlineData("X-Real-IP", "X-Real-IP: 6.6.6.6")]
    [InlineData("X-HTTP-Method-Override", "X-HTTP-Method-Override: POST")]
    [InlineData("Forwarded", "Forwarded: for=6.6.6.6;host=evil.example")]
    [Trait("Behaviour", "B35")]
    [Trait("Behaviour", "B41")]
    public async Task Answer_that_may_be_shared_is_asked_for_without_what_tells_who_asks(string name, string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "301 Moved Permanently",
            "",
            $"Location: http://{exchange.Request.Field(name) ?? "-"}/{exchange.Request.Field("X-Forwarded-Host")}",
            "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/s/"], SendsForwarded = true });
        foreach (string target in new[] { "/page", "/s/file" })
        {
            using var attacker = await RawClient.ConnectAsync(proxy.EndPoint);
            await attacker.SendAsync($"GET {target} HTTP/1.1\r\n{(name == "Host" ? "" : "Host: good.example\r\n")}{field}\r\n\r\n");
            await attacker.ReadResponseAsync();

            var victim = await proxy.GetAsync(target);

            Assert.Equal("HIT", victim.Field("X-Cache"));
            Assert.DoesNotContain(field.Split(": ")[1], victim.Field("Location"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/page")]
    [InlineData("/s/page")]
    [Trait("Behaviour", "B29")]
    [Trait("Behaviour", "B50")]
    public async Task Page_made_for_a_cookie_is_nobody_elses(string target)
    {
        // It looks like a file, which is all that is kept without a lifetime.
        string[] fields = ["ETag: \"v1\"", "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT", "Accept-Ranges: bytes"];
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.RespondAsync("200 OK", "account of " + (exchange.Request.Field("Cookie") ?? "nobody"), fields));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/s/"] });

        // On a sliced path the origin is asked as a stranger would ask; elsewhere the request of a client with a cookie is its own.
        bool isSliced = target == "/s/page";
        foreach (string[] lifetime in (string[][])[[], ["Cache-Control: max-age=60"]])
        {
            fields = lifetime;
            string page = target + lifetime.Length;
            Assert.Equal(isSliced ? "account of nobody" : "account of alice", (await proxy.GetAsync(page, "Cookie: alice")).BodyText);
            Assert.Equal(isSliced ? "account of nobody" : "account of bob", (await proxy.GetAsync(page, "Cookie: bob")).BodyText);
            Assert.Equal("account of nobody", (await proxy.GetAsync(page)).BodyText);
        }
    }

    [Theory]
    [InlineData("max-age=60", "GET", "Cookie: alice", false)]
    [InlineData("max-age=60", "GET", "Authorization: Basic YQ==", false)]
    [InlineData("max-age=60", "GET", "X-Api-Key: alice", false)]
    [InlineData("max-age=60", "GET", "X-Requested-With: XMLHttpRequest", false)]
    [InlineData("max-age=60", "HEAD", "Cookie: alice", false)]
    [InlineData("max-age=60", "GET", "Cookie: alice\r\nIf-None-Match: \"v1\"", false)]
    [InlineData("max-age=60", "GET", "Cookie: alice\r\nCache-Control: max-stale", false)]
    [InlineData("max-age=60", "GET", "Accept-Language: de", true)]
    [InlineData("max-age=60", "GET", "Sec-Fetch-Mode: navigate", true)]
    [InlineData("max-age=60, public", "GET", "Cookie: alice", true)]
    [InlineData("s-maxage=60", "GET", "X-Api-Key: alice", true)]
    [InlineData("s-maxage=60", "HEAD", "Authorization: Basic YQ==", true)]
    [InlineData("max-age=60, must-revalidate", "GET", "Cookie: alice", false)]
    [InlineData("max-age=60", "HEAD", "Cookie: alice\r\nRange: bytes=0-2", false)]
    [Trait("Behaviour", "B50")]
    public async Task Stored_page_answers_who_says_who_asks_only_when_it_is_for_everybody(
        string cacheControl, string method, string fields, bool isForEverybody)
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            string[] own = ["Cookie", "Authorization", "X-Api-Key", "X-Requested-With"];
            bool isStranger = Array.TrueForAll(own, name => exchange.Request.Field(name) is null);
            string body = isStranger ? "for nobody" : "for someone";
            return exchange.SendAsync(
                $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nETag: \"v1\"\r\nCache-Control: {cacheControl}\r\n\r\n"
                + (exchange.Request.Method == "HEAD" ? "" : body));
        });
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/s/"] });
        await proxy.GetAsync("/page");

        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, "/page", fields));
        var response = await client.ReadResponseAsync(method);

        Assert.Equal(isForEverybody ? 1 : 2, origin.RequestCount);
        string length = isForEverybody ? "10" : "11";
        Assert.Equal(length, response.Field("Content-Length"));
        Assert.Equal(method == "HEAD" ? "" : isForEverybody ? "for nobody" : "for someone", response.BodyText);

        var stranger = await proxy.GetAsync("/page");
        Assert.Equal("for nobody HIT", $"{stranger.BodyText} {stranger.Field("X-Cache")}");
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task File_is_kept_also_when_the_first_who_wants_it_has_a_cookie()
    {
        var file = new RangeFile(32);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        await proxy.GetAsync("/file", "Cookie: alice");

        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Theory]
    [InlineData("304 Not Modified", "GET", "Vary: Accept-Language")]
    [InlineData("304 Not Modified", "GET", "Vary: *")]
    [InlineData("200 OK", "HEAD", "Vary: Accept-Language")]
    [Trait("Behaviour", "B29")]
    public async Task Vary_that_comes_with_a_confirmation_selects_from_then_on(string status, string method, string vary)
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            bool isConfirmed = exchange.Request.Method == "HEAD" || exchange.Request.Field("If-None-Match") is not null;
            string body = "lang " + exchange.Request.Field("Accept-Language");
            return isConfirmed
                ? exchange.SendAsync(
                    $"HTTP/1.1 {(exchange.Request.Method == "GET" ? "304 Not Modified" : status)}\r\nETag: \"a\"\r\n"
                    + $"Cache-Control: max-age=100\r\n{vary}\r\n{(exchange.Request.Method == "HEAD" ? "Content-Length: 7\r\n" : "")}\r\n")
                : exchange.RespondAsync("200 OK", body, "ETag: \"a\"", "Cache-Control: max-age=1");
        });
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/va", "Accept-Language: de");
        _time.Advance(TimeSpan.FromSeconds(2));
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request(method, "/va", "Accept-Language: de"));
            await client.ReadHeadAsync();
        }

        Assert.Equal("lang fr", (await proxy.GetAsync("/va", "Accept-Language: fr")).BodyText);
    }

    [Fact]
    [Trait("Behaviour", "B22")]
    public async Task Body_that_ends_with_the_connection_is_not_kept()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nhello");
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);

        for (int request = 1; request <= 2; request++)
        {
            Assert.Equal("hello", (await proxy.GetAsync("/page")).BodyText);
            Assert.Equal(request, origin.RequestCount);
        }
    }

    [Fact]
    [Trait("Behaviour", "B11")]
    public async Task Client_with_the_current_version_does_not_wait_for_a_body_that_only_the_cache_wants()
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(
                "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            await exchange.WaitAsync(gate.Task);
            await exchange.SendAsync("0\r\n\r\n");
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        // The second answer can only come when the first exchange is over, and the body is not.
        await client.SendAsync(RawClient.Request("GET", "/page", "If-None-Match: \"a\"") + RawClient.Request("GET", "/health"));
        Assert.Equal((304, 200), ((await client.ReadResponseAsync()).StatusCode, (await client.ReadResponseAsync()).StatusCode));

        gate.SetResult();
        await Eventually.TrueAsync(async () => (await proxy.GetAsync("/page")).Field("X-Cache") == "HIT", () => "the body to be kept");
    }

    [Fact]
    [Trait("Behaviour", "B31")]
    public async Task Client_that_wants_nothing_stored_does_not_take_what_is_stored_from_others()
    {
        var file = new RangeFile(32) { ExtraFields = ["Cache-Control: max-age=60, stale-if-error=600"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        file.ChangeTo(2);
        _time.Advance(TimeSpan.FromSeconds(70));
        await proxy.GetAsync("/file", "Cache-Control: no-store");
        origin.Answer = exchange => exchange.CloseAsync();

        Assert.Equal("STALE", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 8, options => (configure?.Invoke(options) ?? options) with { MaxRetries = 0 }, _time);
}
