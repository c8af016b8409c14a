using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What the operator decides by path and status (<c>cache_rules</c>, B27), in literal bytes.</summary>
[Trait("Behaviour", "B27")]
public sealed class CacheRuleTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    // Seconds for which the answer is used, under a rule of one minute.
    [Theory]
    [InlineData(60, false, CacheIgnore.None)]
    [InlineData(5, false, CacheIgnore.None, "Cache-Control: max-age=5")]
    [InlineData(60, true, CacheIgnore.None, "Cache-Control: max-age=5")]
    [InlineData(60, true, CacheIgnore.None, "X-Accel-Expires: 0")]
    [InlineData(0, true, CacheIgnore.None, "Cache-Control: no-store")]
    [InlineData(60, false, CacheIgnore.NoStore, "Cache-Control: no-store")]
    [InlineData(60, false, CacheIgnore.NoStore, "Cache-Control: no-store, must-understand")]
    [InlineData(0, false, CacheIgnore.NoStore, "Cache-Control: no-store, private")]
    [InlineData(60, false, CacheIgnore.NoStore | CacheIgnore.Private, "Cache-Control: no-store, private")]
    [InlineData(60, false, CacheIgnore.Private, "Cache-Control: private=\"a\"")]
    [InlineData(0, false, CacheIgnore.None, "Cache-Control: no-cache")]
    [InlineData(60, false, CacheIgnore.NoCache, "Cache-Control: no-cache")]
    [InlineData(0, false, CacheIgnore.NoCache, "Cache-Control: no-cache, max-age=0")]
    [InlineData(60, true, CacheIgnore.NoCache, "Cache-Control: no-cache, max-age=0")]
    [InlineData(0, true, CacheIgnore.None, "Set-Cookie: a=b")]
    public async Task Rule_says_how_long_and_what_counts(int seconds, bool overrides, CacheIgnore ignored, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", fields));
        await using var proxy = await StartAsync(
            origin, new CacheRule { Path = "^/api/", Ttl = s_minute, Override = overrides, Ignore = ignored });

        await proxy.GetAsync("/api/a");
        _time.Advance(TimeSpan.FromSeconds(Math.Max(0, seconds - 1)));
        await proxy.GetAsync("/api/a");
        Assert.Equal(seconds > 0 ? 1 : 2, origin.RequestCount);
        _time.Advance(TimeSpan.FromSeconds(2));
        int asked = origin.RequestCount;
        await proxy.GetAsync("/api/a");
        Assert.Equal(asked + 1, origin.RequestCount);
    }

    [Fact]
    public async Task Cookie_that_is_ignored_is_kept_by_nobody_and_nobody_gets_it()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", "Set-Cookie: a=b", "X-A: 1"));
        await using var proxy = await StartAsync(
            origin, new CacheRule { Path = "^/", Ttl = s_minute, Ignore = CacheIgnore.SetCookie });

        foreach (string expected in new[] { "MISS", "HIT" })
        {
            var response = await proxy.GetAsync("/x");
            Assert.Equal((expected, "1", null), (response.Field("X-Cache"), response.Field("X-A"), response.Field("Set-Cookie")));
        }
    }

    [Fact]
    public async Task Confirmation_of_what_a_rule_keeps_goes_by_the_rule()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            exchange.Request.Field("If-None-Match") is null ? "200 OK" : "304 Not Modified",
            exchange.Request.Field("If-None-Match") is null ? "body" : "",
            "ETag: \"v1\"",
            "Cache-Control: private"));
        await using var proxy = await StartAsync(
            origin, new CacheRule { Path = "^/", Statuses = [200], Ttl = s_minute, Ignore = CacheIgnore.Private });
        await proxy.GetAsync("/x");
        _time.Advance(s_minute);
        await proxy.GetAsync("/x");

        Assert.Equal(("HIT", "body"), ((await proxy.GetAsync("/x")).Field("X-Cache"), (await proxy.GetAsync("/x")).BodyText));
        Assert.Equal(2, origin.RequestCount);
    }

    [Theory]
    [InlineData("/a/1", "200 OK", 60)]
    [InlineData("/a/1?b", "200 OK", 60)]
    [InlineData("/%61/1", "200 OK", 60)]
    [InlineData("/a/1", "404 Not Found", 5)]
    [InlineData("/a/1", "403 Forbidden", 0)]
    [InlineData("/a/1", "302 Found", 30)]
    [InlineData("/b/1", "200 OK", 0)]
    [InlineData("/b/a/1", "200 OK", 0)]
    public async Task First_rule_that_fits_path_and_status_counts(string target, string status, int seconds)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(status, "body"));
        await using var proxy = await StartAsync(
            origin,
            new CacheRule { Path = "^/b/" },
            new CacheRule { Path = "^/a/", Statuses = [206], Ttl = s_minute },
            new CacheRule { Path = "/a/", Statuses = [404, 410], Ttl = TimeSpan.FromSeconds(5) },
            new CacheRule { Path = "/a/", Statuses = [200, 302, 404], Ttl = TimeSpan.FromSeconds(30) });
        string cacheStatus = (await proxy.GetAsync(target)).Field("Cache-Status")!;
        Assert.Equal(seconds > 0, cacheStatus.Contains($"; ttl={seconds};", StringComparison.Ordinal));
        await proxy.GetAsync(target);

        // A refusal is looked at twice, by range and without (B59).
        int requests = status.StartsWith("403", StringComparison.Ordinal) ? 2 : 1;
        Assert.Equal(seconds > 0 ? requests : 2 * requests, origin.RequestCount);
    }

    [Fact]
    public async Task Bypassed_path_is_neither_looked_up_nor_kept()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", exchange.Request.Field("X-Api-Key") ?? "", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(
            origin, new CacheRule { Path = "^/api/public/" }, new CacheRule { Path = "^/api/", Bypass = true });

        foreach (string key in new[] { "alice", "bob" })
        {
            var response = await proxy.GetAsync("/api/a", "X-Api-Key: " + key);
            Assert.Equal((key, "BYPASS"), (response.BodyText, response.Field("X-Cache")));
            Assert.Equal("pingora-slice; fwd=bypass; detail=bypass", response.Field("Cache-Status"));
        }

        Assert.Equal(504, (await proxy.GetAsync("/api/a", "Cache-Control: only-if-cached")).StatusCode);
        await proxy.GetAsync("/api/public/a");
        Assert.Equal("HIT", (await proxy.GetAsync("/api/public/a")).Field("X-Cache"));
    }

    // What errors are kept for says nothing about whether requests pass through.
    [Fact]
    public async Task Rule_for_errors_before_a_bypass_makes_no_exception()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "a", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(
            origin,
            new CacheRule { Path = "^/", Statuses = [404], Ttl = s_minute },
            new CacheRule { Path = "^/live/", Bypass = true });
        await proxy.GetAsync("/live/a");
        Assert.Equal("BYPASS", (await proxy.GetAsync("/live/a")).Field("X-Cache"));
    }

    // Nobody waits for another's answer, and the origin sees each request as it came.
    [Fact]
    public async Task Bypassed_requests_go_to_the_origin_side_by_side_and_as_they_came()
    {
        int arrived = 0;
        var both = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (Interlocked.Increment(ref arrived) == 2)
            {
                both.SetResult();
            }

            await exchange.WaitAsync(both.Task);
            await exchange.RespondAsync("206 Partial Content", "b", "Content-Range: bytes 1-1/3", "Cache-Control: max-age=60");
        });
        await using var proxy = await StartAsync(origin, new CacheRule { Path = "^/api/", Bypass = true });
        string[] fields = ["Range: bytes=1-1", "Cookie: a=b", "If-Range: \"v1\""];
        var answers = await Task.WhenAll(proxy.GetAsync("/api/./a", fields), proxy.GetAsync("/api/./a", fields));

        Assert.All(answers, answer => Assert.Equal((206, "b"), (answer.StatusCode, answer.BodyText)));
        Assert.All(origin.Requests, request =>
        {
            Assert.Equal("/api/./a", request.Target);
            Assert.Equal(
                ("bytes=1-1", "a=b", "\"v1\""), (request.Field("Range"), request.Field("Cookie"), request.Field("If-Range")));
        });
    }

    [Fact]
    public async Task Cookie_that_comes_with_a_confirmation_is_ignored_too()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("If-None-Match") is null
            ? exchange.RespondAsync("200 OK", "body", "ETag: \"v1\"")
            : exchange.RespondAsync("304 Not Modified", "", "ETag: \"v1\"", "Set-Cookie: session=alice"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 64,
            options => options with
            {
                CacheSetCookie = true,
                CacheRules = [new CacheRule { Path = "^/", Ttl = s_minute, Ignore = CacheIgnore.SetCookie }],
            },
            _time);
        await proxy.GetAsync("/x");
        _time.Advance(s_minute);
        await proxy.GetAsync("/x");

        var bob = await proxy.GetAsync("/x");
        Assert.Equal(("HIT", null), (bob.Field("X-Cache"), bob.Field("Set-Cookie")));
    }

    [Theory]
    [InlineData("204 No Content")]
    [InlineData("301 Moved Permanently")]
    [InlineData("302 Found")]
    [InlineData("307 Temporary Redirect")]
    [InlineData("400 Bad Request")]
    [InlineData("401 Unauthorized")]
    [InlineData("403 Forbidden")]
    [InlineData("404 Not Found")]
    [InlineData("410 Gone")]
    [InlineData("500 Internal Server Error")]
    [InlineData("501 Not Implemented")]
    [InlineData("503 Service Unavailable")]
    public async Task Answer_of_any_status_can_be_kept_for_strangers(string status)
    {
        int number = int.Parse(status[..3], CultureInfo.InvariantCulture);
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.Request.Field("Authorization") is null
                ? exchange.RespondAsync(status)
                : exchange.RespondAsync("200 OK", "secret", "Cache-Control: private"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 64,
            options => options with
            {
                MaxRetries = 0,
                CacheRules = [new CacheRule { Path = "^/", Statuses = [number], Ttl = s_minute }],
            },
            _time);
        await proxy.GetAsync("/x");
        var stranger = await proxy.GetAsync("/x");
        int requests = number is 400 or 403 or 501 ? 2 : 1;
        Assert.Equal((number, "HIT", requests), (stranger.StatusCode, stranger.Field("X-Cache"), origin.RequestCount));

        // What is no error and no redirect is for all.
        var known = await proxy.GetAsync("/x", "Authorization: Bearer alice");
        Assert.Equal(number < 300 ? "" : "secret", known.BodyText);
    }

    // Each way on which an answer or a confirmation comes in.
    [Theory]
    [InlineData("whole", 0)]
    [InlineData("part", 0)]
    [InlineData("chunked", 0)]
    [InlineData("head", 60)]
    [InlineData("background", 60)]
    public async Task Rule_holds_however_the_answer_comes(string way, int secondsBefore)
    {
        const string Private = "Cache-Control: private";
        await using var origin = ScriptedOrigin.Start(exchange => (way, exchange.Request) switch
        {
            (_, var request) when request.Field("If-None-Match") is not null =>
                exchange.RespondAsync("304 Not Modified", "", "ETag: \"v1\"", Private),
            ("part", _) => exchange.RespondAsync("206 Partial Content", "body", "ETag: \"v1\"", "Content-Range: bytes 0-3/4", Private),
            ("chunked", _) => exchange.SendAsync(
                $"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n{Private}\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
            (_, { Method: "HEAD" }) =>
                exchange.SendAsync($"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n{Private}\r\nContent-Length: 4\r\n\r\n"),
            _ => exchange.RespondAsync("200 OK", "body", "ETag: \"v1\"", Private),
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 64,
            options => options with
            {
                CacheStaleWhileRevalidate = way == "background" ? TimeSpan.FromHours(1) : TimeSpan.Zero,
                CacheRules = [new CacheRule { Path = "^/", Ttl = s_minute, Ignore = CacheIgnore.Private }],
            },
            _time);
        await proxy.GetAsync("/x");
        _time.Advance(TimeSpan.FromSeconds(secondsBefore));
        if (way == "head")
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request("HEAD", "/x"));
            await client.ReadResponseAsync("HEAD");
        }
        else if (way == "background")
        {
            Assert.Equal("STALE", (await proxy.GetAsync("/x")).Field("X-Cache"));
            await origin.RequestsArrivedAsync(2);
        }

        await Eventually.TrueAsync(async () => (await proxy.GetAsync("/x")).Field("X-Cache") == "HIT", () => "kept by the rule");
        Assert.Equal(secondsBefore > 0 ? 2 : 1, origin.RequestCount);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, params CacheRule[] rules) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64, options => options with { CacheRules = rules }, _time);
}
