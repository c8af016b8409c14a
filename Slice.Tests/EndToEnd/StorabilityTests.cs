using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What is stored, and for how long (B27 to B29), in literal bytes.</summary>
public sealed class StorabilityTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    // Seconds for which a second client is answered without the origin; 0 for not at all.
    [Theory]
    [InlineData(60, "X-Accel-Expires: 60", "CDN-Cache-Control: max-age=1", "Cache-Control: s-maxage=2, max-age=3")]
    [InlineData(60, "CDN-Cache-Control: max-age=60", "Cache-Control: s-maxage=2, max-age=3", "Expires: 0")]
    [InlineData(60, "CDN-Cache-Control: max-age=60", "Cache-Control: no-store")]
    [InlineData(60, "Cache-Control: max-age=3, s-maxage=60", "Expires: 0")]
    [InlineData(60, "Cache-Control: max-age=60", "Expires: 0")]
    [InlineData(60, "cache-control: Public", "Cache-Control: MAX-AGE=\"60\"")]
    [InlineData(60, "Cache-Control: max-age=60, max-age=90")]
    [InlineData(0)]
    [InlineData(60, "CDN-Cache-Control: =bad", "Cache-Control: max-age=60")]
    [InlineData(0, "X-Accel-Expires: 0", "Cache-Control: max-age=60")]
    [InlineData(0, "Cache-Control: s-maxage=0, max-age=60")]
    [InlineData(0, "Cache-Control: max-age=60", "Cache-Control: no-cache")]
    [InlineData(0, "Expires: 0")]
    [InlineData(0, "Expires: Thu, 01 Jan 1970 00:00:00 GMT")]
    [InlineData(0, "Cache-Control: no-store")]
    [InlineData(0, "Cache-Control: private, max-age=60")]
    [InlineData(0, "CDN-Cache-Control: no-store", "Cache-Control: max-age=60")]
    [InlineData(0, "Cache-Control: max-age=60", "Set-Cookie: a=b")]
    [InlineData(0, "Cache-Control: max-age=60", "Age: 60")]
    [Trait("Behaviour", "B27")]
    [Trait("Behaviour", "B28")]
    public async Task Answer_is_used_for_as_long_as_it_says(int seconds, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", [.. fields, "ETag: \"v1\""]));
        await using var proxy = await StartAsync(origin);

        await proxy.GetAsync("/page");
        var second = await proxy.GetAsync("/page");
        int whileFresh = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(seconds + 1));
        await proxy.GetAsync("/page");

        Assert.Equal("body", second.BodyText);
        Assert.Null(second.Field("X-Accel-Expires"));
        Assert.Equal(seconds > 0 ? 1 : 2, whileFresh);
        Assert.Equal(whileFresh + 1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B27")]
    public async Task Cache_ttl_can_be_made_to_stand_in_for_what_an_answer_says()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", "Cache-Control: max-age=1"));
        await using var proxy = await StartAsync(
            origin, options => options with { CacheTtlOverride = true, CacheTtl = TimeSpan.FromMinutes(5) });
        await proxy.GetAsync("/page");
        _time.Advance(TimeSpan.FromMinutes(4));

        Assert.Equal("HIT", (await proxy.GetAsync("/page")).Field("X-Cache"));
    }

    [Theory]
    [InlineData(false, "Cache-Control: max-age=60")]
    [InlineData(true, "Cache-Control: max-age=60, public")]
    [InlineData(true, "Cache-Control: max-age=60, must-revalidate")]
    [InlineData(true, "Cache-Control: s-maxage=60")]
    [Trait("Behaviour", "B29")]
    [Trait("Behaviour", "B50")]
    public async Task Answer_that_strangers_are_refused_is_stored_only_when_it_says_so(bool isStored, string field)
    {
        var file = new RangeFile(8) { ExtraFields = [field] };
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Authorization") is null
            ? exchange.RespondAsync("401 Unauthorized", "who are you", "WWW-Authenticate: Basic")
            : file.AnswerAsync(exchange));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        Assert.Equal(200, (await proxy.GetAsync("/file", "Authorization: Basic YQ==")).StatusCode);
        Assert.Equal(2, origin.RequestCount);
        Assert.Equal(isStored ? 200 : 401, (await proxy.GetAsync("/file")).StatusCode);
        Assert.Equal(200, (await proxy.GetAsync("/file", "Authorization: Basic YQ==")).StatusCode);

        // That strangers are refused is remembered.
        Assert.Equal(isStored ? 2 : 4, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task Cookie_of_one_client_is_not_stored_for_others_unless_the_operator_wants_it()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", "body", "Set-Cookie: a=b", "Cache-Control: max-age=60"));
        await using var careful = await StartAsync(origin);
        await using var willing = await StartAsync(origin, options => options with { CacheSetCookie = true });

        foreach (var (proxy, expected) in new[] { (careful, "MISS"), (willing, "HIT") })
        {
            await proxy.GetAsync("/page");
            var second = await proxy.GetAsync("/page");
            Assert.Equal((expected, "a=b"), (second.Field("X-Cache"), second.Field("Set-Cookie")));
        }
    }

    [Fact]
    [Trait("Behaviour", "B30")]
    public async Task Cache_status_tells_why_the_origin_was_asked()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", "0123456789", "ETag: \"v1\"", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        var miss = await AskAsync("GET");
        var hit = await AskAsync("GET");
        var forced = await AskAsync("GET", "Cache-Control: no-cache");
        var posted = await AskAsync("POST");
        _time.Advance(TimeSpan.FromSeconds(30));
        await AskAsync("GET");
        _time.Advance(TimeSpan.FromSeconds(61));
        var stale = await AskAsync("GET");

        Assert.Equal("pingora-slice; fwd=uri-miss; fwd-status=200; ttl=60; stored; slices=\"0/1\"", miss.Field("Cache-Status"));
        Assert.Equal("pingora-slice; hit; ttl=60; slices=\"1/1\"", hit.Field("Cache-Status"));
        Assert.StartsWith("pingora-slice; fwd=request; fwd-status=200;", forced.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal(("pingora-slice; fwd=method", "BYPASS"), (posted.Field("Cache-Status"), posted.Field("X-Cache")));
        Assert.StartsWith("pingora-slice; fwd=stale; fwd-status=200;", stale.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.All([miss, hit, forced, stale], response => Assert.Equal("1.1 pingora-slice", response.Field("Via")));

        async Task<RawResponse> AskAsync(string method, params string[] fields)
        {
            await client.SendAsync(RawClient.Request(method, "/page", fields));
            return await client.ReadResponseAsync();
        }
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64, configure, _time);
}
