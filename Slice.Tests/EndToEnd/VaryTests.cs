using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Vary selects among stored variants (RFC 9111 §4.1).</summary>
public sealed class VaryTests
{
    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task Variants_are_kept_side_by_side_and_selected_by_the_fields_that_Vary_names()
    {
        await using var origin = StartOrigin("Vary: Accept-Language, Accept-Charset");
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        string[] german = ["Accept-Language: de", "Accept-Charset: tv"];
        string[] english = ["Accept-Language: en", "Accept-Charset: tv"];
        var first = await proxy.GetAsync("/page", german);
        var second = await proxy.GetAsync("/page", english);
        var germanAgain = await proxy.GetAsync("/page", "accept-charset: tv", "accept-language:   DE");
        var englishAgain = await proxy.GetAsync("/page", english);
        var third = await proxy.GetAsync("/page", "Accept-Language: en");

        Assert.Equal(
            ["de/tv", "en/tv", "de/tv", "en/tv", "en/"],
            new[] { first, second, germanAgain, englishAgain, third }.Select(r => r.BodyText.Trim()));
        Assert.Equal(
            ["MISS", "MISS", "HIT", "HIT", "MISS"],
            new[] { first, second, germanAgain, englishAgain, third }.Select(r => r.Field("X-Cache")));
        Assert.Contains("fwd=uri-miss", first.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Contains("fwd=vary-miss", second.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal(3, origin.RequestCount);
    }

    [Theory]
    [InlineData("Vary: *")]
    [InlineData("Vary: Accept-Language, *")]
    [InlineData("Vary: Accept-Language", "Vary: *")]
    [Trait("Behaviour", "B29")]
    public async Task Vary_star_is_never_reused(params string[] fields)
    {
        await using var origin = StartOrigin(fields);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        for (int request = 1; request <= 2; request++)
        {
            Assert.Equal("de/", (await proxy.GetAsync("/page", "Accept-Language: de")).BodyText.Trim());
            Assert.Equal(request, origin.RequestCount);
        }
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task Clients_of_different_variants_at_once_each_get_their_own()
    {
        var gate = new TaskCompletionSource();
        await using var origin = StartOrigin("Vary: Accept-Language");
        var answer = origin.Answer;
        origin.Answer = async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await answer(exchange);
        };
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        string[] languages = ["de", "en", "fr", "zh", "ja"];
        var clients = Enumerable.Range(0, 40)
            .Select(client => proxy.GetAsync("/page", "Accept-Language: " + languages[client % 5]))
            .ToArray();
        await origin.RequestsArrivedAsync(1);
        gate.SetResult();
        var responses = await Task.WhenAll(clients);

        Assert.All(responses.Index(), response => Assert.Equal(languages[response.Index % 5] + "/", response.Item.BodyText.Trim()));
        Assert.All(languages, language => Assert.Contains(origin.Requests, request => request.Field("Accept-Language") == language));
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task Purge_takes_all_variants()
    {
        await using var origin = StartOrigin("Vary: Accept-Language");
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);
        await proxy.GetAsync("/page", "Accept-Language: de");
        await proxy.GetAsync("/page", "Accept-Language: en");
        Assert.Equal(200, (await proxy.PurgeAsync("/page")).StatusCode);

        Assert.Equal("MISS", (await proxy.GetAsync("/page", "Accept-Language: de")).Field("X-Cache"));
        Assert.Equal("MISS", (await proxy.GetAsync("/page", "Accept-Language: en")).Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task Sliced_object_varies_too_and_its_variants_never_mix()
    {
        var files = new Dictionary<string, RangeFile> { ["a"] = new(64, seed: 3), ["b"] = new(64, seed: 4) };
        foreach (var file in files)
        {
            file.Value.ETag = $"\"{file.Key}\"";
            file.Value.ExtraFields = ["Vary: Accept-Language"];
        }

        await using var origin = ScriptedOrigin.Start(exchange => files[exchange.Request.Field("Accept-Language")!].AnswerAsync(exchange));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);

        for (int round = 0; round < 2; round++)
        {
            foreach (var file in files)
            {
                var range = await proxy.GetAsync("/file", $"Accept-Language: {file.Key}", "Range: bytes=10-50");
                Assert.Equal(TestContent.Bytes(10, 41, file.Value.Seed), range.Body);
                Assert.Equal(round == 0 ? "MISS" : "HIT", range.Field("X-Cache"));
            }
        }
    }

    private static ScriptedOrigin StartOrigin(params string[] fields) => ScriptedOrigin.Start(exchange => exchange.RespondAsync(
        "200 OK",
        $"{exchange.Request.Field("Accept-Language")?.ToLowerInvariant()}/{exchange.Request.Field("Accept-Charset")}          ",
        [.. fields, "Cache-Control: max-age=60"]));
}
