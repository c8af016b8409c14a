using System.Net;
using System.Text.Json;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The shared cache on the metrics port: its part of the status page, as programs and people have it, and in <c>/health</c>.
/// </summary>
public sealed class StatusSharedCacheTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };
    private readonly ScriptedOrigin _origin;

    public StatusSharedCacheTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task What_was_found_and_who_shares_it_is_told()
    {
        await using var fleet = await StartAsync();
        await WarmAsync(fleet);
        await SeeEachOtherAsync(fleet);

        var shared = await PartAsync(fleet[1]);

        Assert.Equal(("redis", "memory", "up"), (Text(shared, "type"), Text(shared, "store"), Text(shared, "state")));
        Assert.Equal(JsonValueKind.Null, shared.GetProperty("reason").ValueKind);
        Assert.Equal(5, shared.GetProperty("hits").GetInt64());
        Assert.All(
            (string[])["misses", "damaged", "outdated", "timeouts", "errors", "skipped", "writes_dropped", "news_lost"],
            name => Assert.Equal(0, shared.GetProperty(name).GetInt64()));
        Assert.Equal(100, shared.GetProperty("hit_rate_percent").GetDouble());
        Assert.True(shared.GetProperty("bytes_read").GetInt64() > 16);
        Assert.Equal(2, shared.GetProperty("instances").GetArrayLength());
        Assert.Single(shared.GetProperty("instances").EnumerateArray(), member => member.GetProperty("self").GetBoolean());
    }

    [Fact]
    public async Task What_the_store_says_of_itself_is_asked_when_somebody_looks()
    {
        await using var fleet = await StartAsync();
        Assert.DoesNotContain("describe ", _server.Operations);

        await Eventually.TrueAsync(
            async () => Text(await PartAsync(fleet[0]), "description") == "a test's memory", () => "the description to come");

        Assert.Single(_server.Operations, static operation => operation == "describe ");
    }

    [Fact]
    public async Task What_was_written_and_whose_turn_it_was_is_told()
    {
        await using var fleet = await StartAsync();
        await WarmAsync(fleet);

        var shared = await PartAsync(fleet[0]);

        Assert.Equal(0, shared.GetProperty("hits").GetInt64());
        Assert.Equal(0, shared.GetProperty("hit_rate_percent").GetDouble());
        Assert.Equal(5, shared.GetProperty("values_written").GetInt64());
        Assert.True(shared.GetProperty("turns_taken").GetInt64() >= 1);
        Assert.True(shared.GetProperty("bytes_written").GetInt64() > 16);
    }

    [Fact]
    public async Task Store_that_is_away_is_told_with_the_reason_and_health_stays_200()
    {
        await using var fleet = await StartAsync();
        _server.IsAway = true;
        await Eventually.TrueAsync(
            () => fleet[0].Composition.Tier!.State == TierState.Down, () => "the tier to be down");

        var shared = await PartAsync(fleet[0]);

        Assert.Equal(("down", "the server of the test is away"), (Text(shared, "state"), Text(shared, "reason")));
        Assert.Equal((200, "down"), await HealthAsync(fleet[0].AdminEndPoint));
        Assert.Equal((200, null), await HealthAsync(fleet[0].EndPoint));
        _server.IsAway = false;
        await Fleet.IsUpAsync(fleet[0]);
        Assert.Equal((200, "up"), await HealthAsync(fleet[0].AdminEndPoint));
    }

    [Fact]
    public async Task Without_a_shared_cache_there_is_no_figure_of_one()
    {
        await using var proxy = await ProxyUnderTest.StartAsync(_origin.Uri, sliceSizeBytes: 4);

        var shared = await PartAsync(proxy);

        Assert.Equal(["type"], shared.EnumerateObject().Select(static member => member.Name));
        Assert.Equal("none", Text(shared, "type"));
        Assert.Equal((200, null), await HealthAsync(proxy.AdminEndPoint));
    }

    [Fact]
    public async Task Browser_shows_the_part_where_there_is_a_shared_cache()
    {
        await using var fleet = await StartAsync();
        await WarmAsync(fleet);
        await SeeEachOtherAsync(fleet);
        await using var browser = await Browser.StartAsync();

        await browser.OpenAsync($"http://{fleet[1].AdminEndPoint}/");
        await browser.TrueAsync("document.getElementById('shared-cache-state')?.textContent === 'in use'", "the part is live");
        await browser.TrueAsync("document.getElementById('shared-cache').checkVisibility()", "the part is seen");
        await browser.TrueAsync("document.getElementById('shared-cache-link').checkVisibility()", "and leads there");
        await browser.TrueAsync("document.querySelectorAll('#shared-cache-instances li').length === 2", "both instances are listed");
        await browser.TrueAsync("document.querySelectorAll('#shared-cache-instances .badge').length === 1", "this one is marked");
        await browser.TrueAsync("/100 %/.test(document.getElementById('shared-cache-facts').textContent)", "with the hit ratio");
        await LooksRightAsync(browser, "light", 1280, isDark: false);
        await LooksRightAsync(browser, "dark", 1280, isDark: true);
        await LooksRightAsync(browser, "phone-light", 360, isDark: false);
        await LooksRightAsync(browser, "phone-dark", 360, isDark: true);

        _server.IsAway = true;
        await browser.TrueAsync("document.getElementById('shared-cache-state').textContent === 'not in use'", "the store is away");
        await browser.TrueAsync("/is away/.test(document.getElementById('shared-cache-reason').textContent)", "and why");
        Assert.Empty(browser.Complaints);
    }

    [Fact]
    public async Task Browser_shows_no_such_part_without_a_shared_cache()
    {
        await using var proxy = await ProxyUnderTest.StartAsync(_origin.Uri, sliceSizeBytes: 4);
        await using var browser = await Browser.StartAsync();

        await browser.OpenAsync($"http://{proxy.AdminEndPoint}/");

        await browser.TrueAsync("/in memory/.test(document.getElementById('cache-place')?.textContent)", "the page is live");
        await browser.TrueAsync(
            "!document.getElementById('shared-cache').checkVisibility() && !document.getElementById('shared-cache-link').checkVisibility()",
            "the part is hidden");
    }

    private Task<Fleet> StartAsync() => Fleet.StartAsync(
        _origin.Uri,
        2,
        () => _server.Open(),
        options => options with { SharedCache = options.SharedCache with { Type = SharedCacheType.Redis } });

    // The object by the first, and out of the tier by the second.
    private async Task WarmAsync(Fleet fleet)
    {
        await fleet[0].GetAsync("/file");
        await Eventually.TrueAsync(
            () => fleet[0].Composition.Tier!.Meter.Writes.Read().Sum(static write => write.Value) == 5,
            () => "the tier has " + string.Join(' ', _server.Keys));
        Assert.Equal(TestContent.Bytes(0, 16, seed: 1), (await fleet[1].GetAsync("/file")).Body);
    }

    private static Task SeeEachOtherAsync(Fleet fleet) => Eventually.TrueAsync(
        () => fleet[1].Composition.Tier!.Fleet.Members.Count == 2, () => "two instances", TimeSpan.FromSeconds(30));

    private static async Task LooksRightAsync(Browser browser, string name, int width, bool isDark)
    {
        await browser.ShowAsAsync(width, 900, isDark);
        await browser.TrueAsync($"innerWidth === {width}", "the page has the new size");
        await browser.EvaluateAsync("document.getElementById('shared-cache').scrollIntoView()");
        Assert.True(
            (await browser.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!.GetValue<bool>(),
            $"{name} is wider than its window");
        string directory = Path.Combine(Repository.Root, "TestResults", "status-page");
        Directory.CreateDirectory(directory);
        await File.WriteAllBytesAsync(
            Path.Combine(directory, $"shared-cache-{name}.png"), await browser.TakePictureAsync(), TestContext.Current.CancellationToken);
    }

    private static string? Text(JsonElement part, string name) => part.GetProperty(name).GetString();

    private static async Task<JsonElement> PartAsync(ProxyUnderTest proxy) => JsonDocument.Parse(
        (await RawClient.AskAsync(proxy.AdminEndPoint, "GET /api/shared_cache HTTP/1.1\r\nHost: localhost\r\n\r\n")).Body).RootElement;

    private static async Task<(int Status, string? SharedCache)> HealthAsync(EndPoint endPoint)
    {
        var health = await RawClient.GetAsync(endPoint, "/health");
        using var json = JsonDocument.Parse(health.Body);
        return (health.StatusCode, json.RootElement.TryGetProperty("shared_cache", out var told) ? told.GetString() : null);
    }
}
