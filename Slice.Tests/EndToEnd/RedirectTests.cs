using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Redirects beside stored objects: one takes the place of nothing that is fresh, and without a lifetime of nothing at all (B52).
/// </summary>
public sealed class RedirectTests
{
    private const int LengthBytes = 32;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Cache-Control: max-age=60"] };

    [Theory]
    [InlineData("302 Found", "Cache-Control: max-age=3600", true, true)]
    [InlineData("302 Found", "Cache-Control: max-age=3600", false, true)]
    [InlineData("302 Found", "Cache-Control: max-age=3600, public", true, true)]
    [InlineData("301 Moved", "X-None: 1", true, true)]
    [InlineData("308 Moved", "X-None: 1", false, true)]
    [InlineData("302 Found", "X-None: 1", true, false)]
    [InlineData("302 Found", "X-None: 1", false, false)]
    [InlineData("303 Other", "Cache-Control: no-store", true, false)]
    [InlineData("307 Elsewhere", "Cache-Control: max-age=60, private", true, false)]
    [InlineData("302 Found", "Cache-Control: max-age=0\r\nETag: \"r\"", true, false)]
    [InlineData("302 Found", "Cache-Control: max-age=60, no-cache\r\nETag: \"r\"", false, false)]
    [InlineData("302 Found", "Cache-Control: max-age=3600\r\nSet-Cookie: a=b", true, false)]
    [Trait("Behaviour", "B52")]
    public async Task Redirect_replaces_what_is_stale_only_and_by_a_lifetime_only(
        string status, string fields, bool isSliced, bool replaces)
    {
        _file.SupportsRanges = isSliced;
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("User-Agent") is null
            ? _file.AnswerAsync(exchange)
            : exchange.SendAsync($"HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n{fields}\r\n\r\nno"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 8, options => options with { MaxRetries = 0, SlicePatterns = ["^/"] }, _time);
        await proxy.GetAsync("/file");
        long stored = _file.ContentBytesSent;

        Assert.Equal(status[..1], Class(await proxy.GetAsync("/file", "User-Agent: a", "Cache-Control: no-cache")));
        var fresh = await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(status[..1], Class(await proxy.GetAsync("/file", "User-Agent: a")));
        var stale = await proxy.GetAsync("/file");

        Assert.Equal((200, "HIT"), (fresh.StatusCode, fresh.Field("X-Cache")));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), fresh.Body);
        Assert.Equal((replaces ? "3" : "2", "HIT"), (Class(stale), stale.Field("X-Cache")));
        Assert.Equal(stored, _file.ContentBytesSent);
    }

    // A redirect is no object that another one would have to wait for.
    [Fact]
    public async Task Redirect_replaces_a_fresh_redirect()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "302 Found", "", $"Location: /{exchange.Request.Number}", "Cache-Control: max-age=60"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 8, options => options, _time);
        await proxy.GetAsync("/file");
        await proxy.GetAsync("/file", "Cache-Control: no-cache");
        Assert.Equal(("/2", "HIT"), ((await proxy.GetAsync("/file")).Field("Location"), (await proxy.GetAsync("/file")).Field("X-Cache")));
    }

    private static string Class(RawResponse response) =>
        (response.StatusCode / 100).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
