using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Fields of the operator's list tell objects apart and reach the origin (<c>cache_key.fields</c>, B50).</summary>
[Trait("Behaviour", "B50")]
public sealed class KeyFieldTests : IAsyncLifetime
{
    private ScriptedOrigin _origin = null!;
    private ProxyUnderTest _proxy = null!;
    private int _version = 1;

    public async ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(AnswerAsync);
        _proxy = await ProxyUnderTest.StartAsync(_origin.Uri, 64 << 10, options => options with
        {
            CacheKeyFields = ["X-Api-Key", "Authorization"],
            SlicePatterns = ["^/files/"],
            Purge = options.Purge with { Enabled = true, AuthToken = "secret" },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _origin.DisposeAsync();
    }

    // Who asks is in the body, as of a page that shows a customer's own prices.
    private async Task AnswerAsync(OriginExchange exchange)
    {
        if (exchange.Request.Method == "POST")
        {
            await exchange.RespondAsync("200 OK");
            return;
        }

        string body = $"{exchange.Request.Field("X-Api-Key")}/{exchange.Request.Field("Authorization")}/{Volatile.Read(ref _version)}";
        await exchange.SendAsync(
            $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nETag: \"{body}\"\r\nCache-Control: max-age=60\r\n\r\n"
            + (exchange.Request.Method == "HEAD" ? "" : body));
    }

    private async Task<RawResponse> AskAsync(string method, string target, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(_proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, target, fields));
        return await client.ReadResponseAsync(method);
    }

    private async Task<string> GetAsync(string target, params string[] fields)
    {
        var response = await AskAsync("GET", target, fields);
        Assert.Equal(200, response.StatusCode);
        return $"{response.BodyText} {response.Field("X-Cache")}";
    }

    [Theory]
    [InlineData("/files/a")]
    [InlineData("/page")]
    public async Task Each_value_has_an_object_of_its_own(string target)
    {
        Assert.Equal("//1 MISS", await GetAsync(target));
        Assert.Equal("a//1 MISS", await GetAsync(target, "X-Api-Key: a"));
        Assert.Equal("b//1 MISS", await GetAsync(target, "x-api-key: b"));
        Assert.Equal("b/Bearer t/1 MISS", await GetAsync(target, "Authorization: Bearer t", "X-Api-Key: b"));

        Assert.Equal("//1 HIT", await GetAsync(target));
        Assert.Equal("a//1 HIT", await GetAsync(target, "X-API-KEY: a"));
        Assert.Equal("b//1 HIT", await GetAsync(target, "X-Api-Key: b"));
        Assert.Equal("b/Bearer t/1 HIT", await GetAsync(target, "X-Api-Key: b", "Authorization: Bearer t"));
        Assert.Equal(4, _origin.RequestCount);
    }

    [Theory]
    [InlineData("/files/a")]
    [InlineData("/page")]
    public async Task Head_and_conditions_see_the_object_of_their_own_value(string target)
    {
        await GetAsync(target, "X-Api-Key: a");
        await GetAsync(target, "X-Api-Key: b");

        Assert.Equal("\"a//1\"", (await AskAsync("HEAD", target, "X-Api-Key: a")).Field("ETag"));
        Assert.Equal(304, (await AskAsync("GET", target, "X-Api-Key: b", "If-None-Match: \"b//1\"")).StatusCode);
        Assert.Equal(200, (await AskAsync("GET", target, "X-Api-Key: b", "If-None-Match: \"a//1\"")).StatusCode);
        Assert.Equal(2, _origin.RequestCount);
    }

    // The origin does not see what a client names in Connection, so the answer is that to nobody in particular.
    [Fact]
    public async Task Field_that_is_named_in_Connection_counts_as_absent()
    {
        Assert.Equal("//1 MISS", await GetAsync("/files/a", "Connection: X-Api-Key", "X-Api-Key: a"));
        Assert.Equal("//1 HIT", await GetAsync("/files/a"));
    }

    [Theory]
    [InlineData("/files/a")]
    [InlineData("/page")]
    public async Task Validation_asks_with_the_fields_of_the_key(string target)
    {
        await GetAsync(target, "X-Api-Key: a");
        await GetAsync(target, "X-Api-Key: a", "Cache-Control: no-cache");

        Assert.Equal(["a", "a"], _origin.Requests.Select(request => request.Field("X-Api-Key")));
    }

    [Theory]
    [InlineData("PURGE", "X-Purge-Token: secret")]
    [InlineData("POST", "Content-Length: 0")]
    public async Task Purge_and_unsafe_methods_reach_the_objects_of_all_values(string method, string field)
    {
        string[][] all = [[], ["X-Api-Key: a"], ["X-Api-Key: b"], ["Authorization: Basic x"]];
        foreach (string[] fields in all)
        {
            await GetAsync("/files/a", fields);
            await GetAsync("/files/other", fields);
        }

        Assert.Equal(200, (await AskAsync(method, "/files/a", field)).StatusCode);

        _version = 2;
        foreach (string[] fields in all)
        {
            Assert.EndsWith("/2 MISS", await GetAsync("/files/a", fields), StringComparison.Ordinal);
            Assert.EndsWith("/1 HIT", await GetAsync("/files/other", fields), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Purge_that_shows_a_value_reaches_the_objects_of_all_values_and_counts_them()
    {
        await GetAsync("/files/a", "X-Api-Key: a");
        await GetAsync("/files/a", "X-Api-Key: b");

        var first = await AskAsync("PURGE", "/files/a", "X-Purge-Token: secret", "X-Api-Key: c");
        var second = await AskAsync("PURGE", "/files/a", "X-Purge-Token: secret");

        Assert.Equal(200, first.StatusCode);
        Assert.Contains("\"purged_count\":2,", first.BodyText, StringComparison.Ordinal);
        Assert.Equal(404, second.StatusCode);
    }

    [Fact]
    public async Task Field_that_is_not_on_the_list_reaches_nobody_elses_answer()
    {
        await GetAsync("/files/a", "X-Api-Key: a", "X-Other: 1", "Cookie: c");

        var request = Assert.Single(_origin.Requests);
        Assert.Equal("a", request.Field("X-Api-Key"));
        Assert.Null(request.Field("X-Other"));
        Assert.Null(request.Field("Cookie"));
    }
}
