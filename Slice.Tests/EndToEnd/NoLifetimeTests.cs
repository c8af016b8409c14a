using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What is kept of answers that say nothing about their freshness (B27), in literal bytes.</summary>
public sealed class NoLifetimeTests
{
    private const string Ranges = "Accept-Ranges: bytes";
    private const string Strong = "ETag: \"v1\"";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    // The date is of so many seconds before the answer; -1 stands for none.
    [Theory]
    [InlineData(-1)]
    [InlineData(-1, Strong)]
    [InlineData(-1, Ranges)]
    [InlineData(36_000)]
    [InlineData(36_000, Strong)]
    [InlineData(0, Ranges)]
    [InlineData(-1, Ranges, "ETag: W/\"v1\"")]
    [InlineData(36_000, Strong, "Accept-Ranges: none")]
    [Trait("Behaviour", "B27")]
    public async Task Answer_that_is_no_file_is_not_kept_and_the_next_client_gets_its_own(int modifiedSecondsAgo, params string[] fields)
    {
        int asked = 0;
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "200 OK", "list " + Interlocked.Increment(ref asked), [.. fields, .. Dates(modifiedSecondsAgo)]));
        await using var proxy = await StartAsync(origin);

        var alice = await proxy.GetAsync("/live", "X-Api-Key: alice");
        var bob = await proxy.GetAsync("/live", "X-Api-Key: bob");

        Assert.Equal(("list 1", "list 2"), (alice.BodyText, bob.BodyText));
        Assert.EndsWith("; detail=no-lifetime", bob.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.DoesNotContain("; stored", bob.Field("Cache-Status"), StringComparison.Ordinal);
    }

    // From an origin without ranges, a range of what is not kept costs all that is before it, each time. Slices are of 64 bytes.
    [Theory]
    [InlineData(65, 36_000, true)]
    [InlineData(65, 36_000, true, "Accept-Ranges: none")]
    [InlineData(64, 36_000, false)]
    [InlineData(65, 0, false)]
    [InlineData(65, -1, false)]
    [InlineData(65, 36_000, false, "Set-Cookie: a=b")]
    [Trait("Behaviour", "B27")]
    public async Task Answer_longer_than_a_slice_needs_no_ranges_to_be_a_file(
        int length, int modifiedSecondsAgo, bool isKept, params string[] fields)
    {
        string[] dates = Dates(modifiedSecondsAgo);
        string body = new('b', length - 1);
        await using var origin = ScriptedOrigin.Start(exchange => IsConditional(exchange.Request)
            ? exchange.RespondAsync("304 Not Modified")
            : exchange.RespondAsync("200 OK", body + "e", [.. fields, .. dates]));
        await using var proxy = await StartAsync(origin);
        string range = $"Range: bytes={length - 1}-";

        Assert.Equal("e", (await proxy.GetAsync("/file", range)).BodyText);
        Assert.Equal("e", (await proxy.GetAsync("/file", range)).BodyText);
        Assert.Equal(isKept ? 1 : 2, origin.RequestCount);

        // A tenth of the age, and after the confirmation for as long again.
        _time.Advance(TimeSpan.FromSeconds(3600));
        await proxy.GetAsync("/file", range);
        await proxy.GetAsync("/file", range);
        Assert.Equal(isKept ? 2 : 4, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B27")]
    public async Task Outside_the_patterns_of_the_operator_a_long_answer_is_no_file_without_ranges()
    {
        string[] dates = Dates(36_000);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", new string('b', 65), dates));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/named/"] });
        await proxy.GetAsync("/report");
        await proxy.GetAsync("/report");
        Assert.Equal(2, origin.RequestCount);
    }

    // RFC 9111 §4.2.2: a tenth of the age by Last-Modified, and never more than cache_ttl.
    [Theory]
    [InlineData(60, 600, Ranges)]
    [InlineData(60, 600, Ranges, Strong)]
    [InlineData(60, 600, "accept-ranges: x, Bytes", "ETag: W/\"v1\"")]
    [InlineData(3600, 36_000, Ranges)]
    [InlineData(3600, 10_000_000, Ranges)]
    [InlineData(0, 0, Ranges, Strong)]
    [InlineData(0, -1, Ranges, Strong)]
    [Trait("Behaviour", "B27")]
    public async Task File_is_fresh_for_a_tenth_of_its_age_and_confirmed_for_as_long_again(
        int seconds, int modifiedSecondsAgo, params string[] fields)
    {
        string[] dates = Dates(modifiedSecondsAgo);
        await using var origin = ScriptedOrigin.Start(exchange =>
            IsConditional(exchange.Request)
                ? exchange.RespondAsync("304 Not Modified")
                : exchange.RespondAsync("200 OK", "file", [.. fields, .. dates]));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        // A file that is fresh for no time is validated at each use.
        bool isFreshAtAll = seconds > 0;
        _time.Advance(TimeSpan.FromSeconds(Math.Max(0, seconds - 1)));
        Assert.Equal(("file", isFreshAtAll ? 0 : 1), await AskedAsync());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(("file", 1), await AskedAsync());
        Assert.True(IsConditional(origin.Requests[^1]));
        _time.Advance(TimeSpan.FromSeconds(isFreshAtAll ? seconds - 1 : 1));
        Assert.Equal(("file", isFreshAtAll ? 0 : 1), await AskedAsync());

        async Task<(string Body, int Asked)> AskedAsync()
        {
            int before = origin.RequestCount;
            string body = (await proxy.GetAsync("/file")).BodyText;
            return (body, origin.RequestCount - before);
        }
    }

    [Theory]
    [InlineData("301 Moved Permanently", 0)]
    [InlineData("308 Permanent Redirect", 0)]
    [InlineData("302 Found", 0)]
    [InlineData("302 Found", 60, "Cache-Control: max-age=60")]
    [InlineData("301 Moved Permanently", 0, "Cache-Control: public")]
    [InlineData("203 Non-Authoritative Information", 0, Ranges, Strong)]
    [InlineData("404 Not Found", 0)]
    [InlineData("404 Not Found", 0, "Cache-Control: public")]
    [InlineData("410 Gone", 60, "Cache-Control: max-age=60")]
    [Trait("Behaviour", "B27")]
    public async Task Redirect_or_error_is_kept_for_as_long_as_it_says_only(string status, int seconds, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(status, "", ["Location: /file", .. fields]));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/x");
        await proxy.GetAsync("/x");
        Assert.Equal(seconds > 0 ? 1 : 2, origin.RequestCount);
    }

    [Theory]
    [InlineData("200 OK", 3600)]
    [InlineData("301 Moved Permanently", 3600)]
    [InlineData("404 Not Found", 10)]
    [InlineData("302 Found", 0)]
    [Trait("Behaviour", "B27")]
    public async Task On_a_path_that_the_operator_named_cache_ttl_holds_as_written(string status, int seconds)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(status, "body"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/named/"] });

        Assert.Equal(seconds > 0 ? 1 : 2, await AskedAsync("/named/a"));
        _time.Advance(TimeSpan.FromSeconds(Math.Max(0, seconds - 1)));
        Assert.Equal(seconds > 0 ? 0 : 2, await AskedAsync("/named/a"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(seconds > 0 ? 1 : 2, await AskedAsync("/named/a"));
        Assert.Equal(2, await AskedAsync("/other"));

        async Task<int> AskedAsync(string target)
        {
            int before = origin.RequestCount;
            await proxy.GetAsync(target);
            await proxy.GetAsync(target);
            return origin.RequestCount - before;
        }
    }

    [Fact]
    [Trait("Behaviour", "B27")]
    public async Task Cache_negative_ttl_that_is_set_holds_everywhere()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("404 Not Found", "nothing here"));
        await using var proxy = await StartAsync(origin, options => options with { CacheNegativeTtl = TimeSpan.FromSeconds(5) });
        await proxy.GetAsync("/x");
        Assert.Equal("HIT", (await proxy.GetAsync("/x")).Field("X-Cache"));
    }

    // Which request a 405 or a 414 finds fault with, no key says.
    [Theory]
    [InlineData("204 No Content", "", true)]
    [InlineData("404 Not Found", "", true)]
    [InlineData("410 Gone", "", true)]
    [InlineData("405 Not Allowed", "", false)]
    [InlineData("414 Too Long", "", false)]
    [InlineData("501 Not Implemented", "", false)]
    [InlineData("403 Forbidden", "Cache-Control: public", false)]
    [InlineData("405 Not Allowed", "Cache-Control: public", false)]
    [InlineData("409 Conflict", "Cache-Control: public", false)]
    [InlineData("501 Not Implemented", "Cache-Control: public", false)]
    [InlineData("405 Not Allowed", "Cache-Control: max-age=60", true)]
    [InlineData("409 Conflict", "Cache-Control: max-age=60", true)]
    [InlineData("307 Elsewhere", "Cache-Control: public", true)]
    [Trait("Behaviour", "B27")]
    public async Task Cache_negative_ttl_is_for_answers_about_the_object(string status, string field, bool isKept)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            $"HTTP/1.1 {status}\r\n" + (field.Length > 0 ? field + "\r\n" : "")
            + (status.StartsWith("204", StringComparison.Ordinal) ? "\r\n" : "Content-Length: 2\r\n\r\nno")));
        await using var proxy = await StartAsync(
            origin, options => options with { CacheNegativeTtl = TimeSpan.FromSeconds(5), SlicePatterns = ["^/"], MaxRetries = 0 });
        await proxy.GetAsync("/x");
        Assert.Equal(isKept, (await proxy.GetAsync("/x")).Field("X-Cache") == "HIT");

        // A refusal is looked at twice, by range and without (B59).
        int requests = status[0] is '4' or '5' && status[..3] is not ("404" or "410") ? 2 : 1;
        Assert.Equal(isKept ? requests : 2 * requests, origin.RequestCount);
    }

    // An origin that hides private things from strangers behind 404.
    [Theory]
    [InlineData("Authorization: Bearer alice", "", false)]
    [InlineData("Cookie: session=alice", "", false)]
    [InlineData("Authorization: Bearer alice", "max-age=60", false)]
    [InlineData("Authorization: Bearer alice", "max-age=60, must-revalidate", false)]
    [InlineData("Cookie: session=alice", "max-age=60, public", true)]
    [InlineData("Authorization: Bearer alice", "s-maxage=60", true)]
    [Trait("Behaviour", "B29")]
    public async Task Missing_object_of_strangers_is_not_for_requests_with_credentials(
        string credentials, string cacheControl, bool isForAll)
    {
        string[] lifetime = cacheControl.Length > 0 ? ["Cache-Control: " + cacheControl] : [];
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.Request.Field("Authorization") is null && exchange.Request.Field("Cookie") is null
                ? exchange.RespondAsync("404 Not Found", "nothing here", lifetime)
                : exchange.RespondAsync("200 OK", "secret", "Cache-Control: private"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/"] });
        await proxy.GetAsync("/repository");

        var known = await proxy.GetAsync("/repository", credentials);
        var stranger = await proxy.GetAsync("/repository");

        Assert.Equal(isForAll ? "nothing here" : "secret", known.BodyText);
        Assert.Equal(("nothing here", "HIT"), (stranger.BodyText, stranger.Field("X-Cache")));
    }

    // B50: where strangers are sent to a login, somebody with a key in a field of its own may be let in.
    [Theory]
    [InlineData("/named/a")]
    [InlineData("/unnamed/a")]
    [Trait("Behaviour", "B50")]
    public async Task Redirect_of_strangers_is_not_for_a_request_with_a_field_of_its_own(string target)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("X-Api-Key") is null
            ? exchange.RespondAsync("301 Moved Permanently", "", "Location: /login")
            : exchange.RespondAsync("200 OK", "secret", "Cache-Control: private"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/named/"] });
        await proxy.GetAsync(target);

        Assert.Equal("secret", (await proxy.GetAsync(target, "X-Api-Key: alice")).BodyText);
        Assert.Equal("/login", (await proxy.GetAsync(target)).Field("Location"));
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task Request_with_credentials_does_not_share_a_404_that_a_stranger_is_waiting_for()
    {
        var goOn = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Field("Authorization") is not null)
            {
                await exchange.RespondAsync("200 OK", "secret", "Cache-Control: private");
                return;
            }

            await exchange.WaitAsync(goOn.Task);
            await exchange.RespondAsync("404 Not Found", "nothing here");
        });
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/"] });
        var stranger = proxy.GetAsync("/repository");
        await origin.RequestsArrivedAsync(1);
        var known = proxy.GetAsync("/repository", "Authorization: Bearer alice");
        await Eventually.TrueAsync(
            () => known.IsCompleted || proxy.Instance.Parts.Meter.ActiveRequests.Value == 2, () => "the second request waits");
        goOn.SetResult();

        Assert.Equal(("nothing here", "secret"), ((await stranger).BodyText, (await known).BodyText));
    }

    private static bool IsConditional(OriginRequest request) =>
        request.Field("If-None-Match") is not null || request.Field("If-Modified-Since") is not null;

    private string[] Dates(int modifiedSecondsAgo)
    {
        string date = $"Date: {_time.GetUtcNow():R}";
        return modifiedSecondsAgo < 0 ? [date] : [date, $"Last-Modified: {_time.GetUtcNow().AddSeconds(-modifiedSecondsAgo):R}"];
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64, configure, _time);
}
