using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// B52 for origins that answer by Referer or Origin: hot link protection, CORS. A client chooses these fields and no key tells them apart,
/// so what is refused by them is that client's alone.
/// </summary>
public sealed class HotLinkTests
{
    private const int SliceBytes = 8;
    private const int LengthBytes = 4 * SliceBytes;
    private const string Evil = "Referer: http://evil.example/";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Cache-Control: max-age=60"] };

    /// <summary>Answers that could be kept by what they say, or by default, for an object in slices and for one as a whole.</summary>
    public static TheoryData<string, string, bool> Refusals
    {
        get
        {
            string[] statuses = ["301 Moved", "302 Found", "307 Elsewhere", "308 Moved", "403 No", "404 No", "410 Gone", "451 No"];
            var cases = new TheoryData<string, string, bool>();
            foreach (string status in statuses)
            {
                cases.Add(status, "Cache-Control: max-age=3600", true);
                cases.Add(status, "Cache-Control: max-age=3600", false);
                cases.Add(status, "X-None: 1", true);
                cases.Add(status, "Cache-Control: max-age=3600\r\nVary: Accept-Language", false);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    [Trait("Behaviour", "B52")]
    public async Task Refusal_is_for_who_came_from_there(string status, string fields, bool isSliced)
    {
        await using var origin = Start(status, fields, isSliced);
        await using var proxy = await StartAsync(origin);
        foreach (string field in (string[])[Evil, "Origin: http://evil.example"])
        {
            string target = "/file?" + field.Length;

            // Nothing is stored yet, and the refusal is not.
            Assert.Equal(status[..3], await StatusAsync(proxy, "GET", target, field));
            await AssertServedAsync(proxy, target, "MISS");
            await AssertServedAsync(proxy, target, "HIT");
            long stored = _file.ContentBytesSent;

            // Fresh.
            foreach (string method in (string[])["GET", "HEAD"])
            {
                Assert.Equal(status[..3], await StatusAsync(proxy, method, target, field, "Cache-Control: no-cache"));
                await AssertServedAsync(proxy, target, "HIT");
            }

            // Stale: the next one finds out that the object is as before, by a 304.
            foreach (string method in (string[])["GET", "HEAD"])
            {
                _time.Advance(TimeSpan.FromSeconds(61));
                Assert.Equal(status[..3], await StatusAsync(proxy, method, target, field));
                await AssertServedAsync(proxy, target, "HIT");
            }

            Assert.Equal(stored, _file.ContentBytesSent);
        }
    }

    [Theory]
    [InlineData("302 Found", "Cache-Control: max-age=3600")]
    [InlineData("302 Found", "X-None: 1")]
    [InlineData("404 Not Found", "Cache-Control: max-age=3600")]
    [InlineData("404 Not Found", "X-None: 1")]
    [Trait("Behaviour", "B52")]
    public async Task Refusal_of_a_refresh_ends_nothing(string status, string fields)
    {
        _file.ExtraFields = ["Cache-Control: max-age=60, stale-while-revalidate=600"];
        await using var origin = Start(status, fields, isSliced: true);
        await using var proxy = await StartAsync(origin);
        await AssertServedAsync(proxy, "/file", "MISS");
        long stored = _file.ContentBytesSent;
        _time.Advance(TimeSpan.FromSeconds(70));

        Assert.Equal("200", await StatusAsync(proxy, "GET", "/file", Evil));
        await Eventually.TrueAsync(() => origin.Requests.Any(request => request.Field("Referer") is not null), "the refresh");
        await Eventually.TrueAsync(async () => (await proxy.GetAsync("/file")).Field("X-Cache") == "HIT", () => "the next refresh");

        await AssertServedAsync(proxy, "/file", "HIT");
        Assert.Equal(stored, _file.ContentBytesSent);
    }

    [Theory]
    [InlineData("302 Found", "Cache-Control: max-age=3600, public", 200)]
    [InlineData("302 Found", "Cache-Control: s-maxage=3600", 200)]
    [InlineData("302 Found", "Cache-Control: max-age=3600", 302)]
    [InlineData("404 Not Found", "Cache-Control: max-age=3600, public", 200)]
    [InlineData("404 Not Found", "X-None: 1", 404)]
    [Trait("Behaviour", "B52")]
    public async Task Refusal_that_is_for_all_by_word_or_by_rule_is_kept(string status, string fields, int ruled)
    {
        await using var origin = Start(status, fields, isSliced: true);
        await using var proxy = await StartAsync(
            origin,
            options => options with { CacheRules = [new CacheRule { Path = "^/", Statuses = [ruled], Ttl = TimeSpan.FromMinutes(1) }] });
        await StatusAsync(proxy, "GET", "/file", Evil);

        var other = await proxy.GetAsync("/file");

        Assert.Equal((status[..3], "HIT"), (Text(other.StatusCode), other.Field("X-Cache")));
    }

    // By Vary or by the key: then those who come from the same place share the refusal, and nobody else has it.
    [Theory]
    [InlineData("302 Found", true)]
    [InlineData("302 Found", false)]
    [InlineData("404 Not Found", true)]
    [InlineData("404 Not Found", false)]
    [Trait("Behaviour", "B52")]
    public async Task Refusal_that_is_told_apart_is_kept_for_those_it_is_about(string status, bool isByVary)
    {
        await using var origin = Start(status, "Cache-Control: max-age=3600" + (isByVary ? "\r\nVary: Referer" : ""), isSliced: true);
        await using var proxy = await StartAsync(
            origin, options => options with { CacheKeyFields = isByVary ? [] : ["Referer"] });
        await StatusAsync(proxy, "GET", "/file", Evil);

        var again = await proxy.GetAsync("/file", Evil);
        Assert.Equal((status[..3], "HIT"), (Text(again.StatusCode), again.Field("X-Cache")));
        await AssertServedAsync(proxy, "/file", "MISS");
    }

    // The origin names Referer in the refusal only: what it stands for has no such variant.
    [Theory]
    [InlineData("302 Found")]
    [InlineData("404 Not Found")]
    [Trait("Behaviour", "B52")]
    public async Task Refusal_that_varies_takes_the_place_of_nothing_that_is_for_all(string status)
    {
        await using var origin = Start(status, "Cache-Control: max-age=3600\r\nVary: Referer", isSliced: true);
        await using var proxy = await StartAsync(origin);
        await AssertServedAsync(proxy, "/file", "MISS");
        long stored = _file.ContentBytesSent;

        Assert.Equal(status[..3], await StatusAsync(proxy, "GET", "/file", Evil, "Cache-Control: no-cache"));
        await AssertServedAsync(proxy, "/file", "HIT");
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(status[..3], await StatusAsync(proxy, "GET", "/file", Evil));
        await AssertServedAsync(proxy, "/file", "HIT");

        Assert.Equal(stored, _file.ContentBytesSent);
    }

    private ScriptedOrigin Start(string status, string fields, bool isSliced)
    {
        _file.SupportsRanges = isSliced;
        return ScriptedOrigin.Start(exchange => exchange.Request.Field("Referer") is null && exchange.Request.Field("Origin") is null
            ? _file.AnswerAsync(exchange)
            : exchange.SendAsync($"HTTP/1.1 {status}\r\nLocation: /hotlink.png\r\nContent-Length: 2\r\n{fields}\r\n\r\n"
                + (exchange.Request.Method == "HEAD" ? "" : "no")));
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri,
            SliceBytes,
            options => (configure ?? (same => same))(options with { MaxRetries = 0, SlicePatterns = ["^/file"] }),
            _time);

    private static async Task<string> StatusAsync(ProxyUnderTest proxy, string method, string target, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, target, ["Connection: close", .. fields]));
        return Text((await client.ReadEndingAsync(method)).StatusCode);
    }

    private async Task AssertServedAsync(ProxyUnderTest proxy, string target, string xCache)
    {
        var response = await proxy.GetAsync(target);
        Assert.Equal(200, response.StatusCode);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
        Assert.Equal(xCache, response.Field("X-Cache"));
    }

    private static string Text(int status) => status.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
