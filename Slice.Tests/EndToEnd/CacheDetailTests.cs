using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Cache-Status says why an answer is not kept, not reused or not sliced (RFC 9211 §2.8, B57), in literal bytes.</summary>
[Trait("Behaviour", "B57")]
public sealed class CacheDetailTests
{
    private const string Page = "/page";
    private const string File = "/files/a";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    [Theory]
    [InlineData("no-store", "", "Cache-Control: no-store")]
    [InlineData("private", "", "Cache-Control: private, max-age=60")]
    [InlineData("set-cookie", "", "Cache-Control: max-age=60", "Set-Cookie: a=b")]
    [InlineData("vary", "", "Cache-Control: max-age=60", "Vary: *")]
    [InlineData("request-no-store", "Cache-Control: no-store", "Cache-Control: max-age=60")]
    [InlineData("stale-on-arrival", "", "Cache-Control: max-age=0")]
    public async Task Answer_that_is_not_kept_says_why_and_promises_nothing(string detail, string requestField, params string[] fields)
    {
        foreach (string target in (string[])[Page, File])
        {
            await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", fields));
            await using var proxy = await StartAsync(origin);

            string status = (await proxy.GetAsync(target, requestField.Length == 0 ? [] : [requestField])).Field("Cache-Status")!;

            Assert.EndsWith("; detail=" + detail, status, StringComparison.Ordinal);
            Assert.DoesNotContain("; stored", status, StringComparison.Ordinal);
            Assert.DoesNotContain("; ttl", status, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("own-fields", Page, "Cookie: a=b")]
    [InlineData("own-fields", Page, "X-Api-Key: k")]
    [InlineData("own-fields", Page, "Authorization: Basic YQ==")]
    [InlineData("unsliced-range", Page, "Range: bytes=0-1")]
    public async Task Request_that_goes_its_own_way_says_why(string detail, string target, string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin);
        Assert.EndsWith("; detail=" + detail, (await proxy.GetAsync(target, field)).Field("Cache-Status")!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unsliced-off", false, true)]
    [InlineData("cache-off", true, false)]
    public async Task What_the_operator_has_switched_off_is_named(string detail, bool cacheUnsliced, bool enableCache)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(
            origin, options => options with { CacheUnsliced = cacheUnsliced, EnableCache = enableCache });
        string target = cacheUnsliced ? File : Page;
        Assert.EndsWith("; detail=" + detail, (await proxy.GetAsync(target)).Field("Cache-Status")!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("expired", "stale", "Cache-Control: max-age=60", 61, "")]
    [InlineData("no-cache", "stale", "Cache-Control: no-cache, max-age=60", 0, "")]
    [InlineData("request-no-cache", "request", "Cache-Control: max-age=60", 0, "Cache-Control: no-cache")]
    [InlineData("request-max-age", "request", "Cache-Control: max-age=60", 10, "Cache-Control: max-age=5")]
    [InlineData("request-min-fresh", "request", "Cache-Control: max-age=60", 0, "Cache-Control: min-fresh=90")]
    public async Task What_is_stored_and_not_reused_says_why(string detail, string forward, string field, int seconds, string requestField)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", field, "ETag: \"v1\""));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync(Page);
        _time.Advance(TimeSpan.FromSeconds(seconds));

        string status = (await proxy.GetAsync(Page, requestField.Length == 0 ? [] : [requestField])).Field("Cache-Status")!;

        Assert.Contains($"; fwd={forward};", status, StringComparison.Ordinal);
        Assert.EndsWith("; detail=" + detail, status, StringComparison.Ordinal);
    }

    // The origin gives the whole object only, and is not read to its end for this client.
    [Fact]
    public async Task Range_of_an_object_that_is_given_as_a_whole_only_is_not_called_stored()
    {
        string body = new('x', 64);
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", body, "ETag: W/\"v1\"", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin);

        string part = (await proxy.GetAsync(File, "Range: bytes=0-3")).Field("Cache-Status")!;
        string toTheEnd = (await proxy.GetAsync("/files/b", "Range: bytes=4-")).Field("Cache-Status")!;

        Assert.EndsWith("; detail=part-of-whole", part, StringComparison.Ordinal);
        Assert.DoesNotContain("; stored", part, StringComparison.Ordinal);
        Assert.Contains("; stored", toTheEnd, StringComparison.Ordinal);
        Assert.Contains("; ttl=60", toTheEnd, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_that_is_kept_and_a_hit_have_nothing_to_explain()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin);

        Assert.Equal(
            "pingora-slice; fwd=uri-miss; fwd-status=200; ttl=60; stored; slices=\"0/1\"",
            (await proxy.GetAsync(Page)).Field("Cache-Status"));
        Assert.Equal("pingora-slice; hit; ttl=60; slices=\"1/1\"", (await proxy.GetAsync(Page)).Field("Cache-Status"));
    }

    [Theory]
    [InlineData("length-unknown", "206 Partial Content", "Content-Range: bytes 0-3/*")]
    [InlineData("range-refused", "416 Range Not Satisfiable", "X-Nothing: 1")]
    public async Task Object_that_our_own_request_cannot_tell_is_passed_through_and_says_why(string detail, string status, string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Range") is null
            ? exchange.RespondAsync("200 OK", "body")
            : exchange.RespondAsync(status, "body", field));
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync(File);

        Assert.Equal("body", response.BodyText);
        Assert.EndsWith("; detail=" + detail, response.Field("Cache-Status")!, StringComparison.Ordinal);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 8,
            options => (configure ?? (same => same))(options with { SlicePatterns = ["^/files/"] }),
            _time);
}
