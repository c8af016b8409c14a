using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Slice.Host.Status;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The parts of the status page as programs read them.</summary>
public sealed class StatusApiTests
{
    private const int SliceBytes = 4 << 10;
    private const int Slices = 12;
    private const string Token = "a-secret-token";

    private readonly RangeFile _file = new(Slices * SliceBytes);

    [Theory]
    [InlineData("traffic")]
    [InlineData("downloads")]
    [InlineData("cache")]
    [InlineData("shared_cache")]
    [InlineData("origins")]
    [InlineData("errors")]
    [InlineData("configuration")]
    [InlineData("objects")]
    public async Task Part_is_json_that_browsers_take_for_nothing_else(string part)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        await proxy.GetAsync("/file");

        var response = await GetAsync(proxy, "/api/" + part);

        Assert.Equal((200, "application/json"), (response.StatusCode, response.Field("Content-Type")));
        Assert.Equal(("nosniff", "no-store"), (response.Field("X-Content-Type-Options"), response.Field("Cache-Control")));
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", response.Field("Content-Security-Policy"));
        using var json = JsonDocument.Parse(response.Body);
        Assert.Equal(JsonValueKind.Object, json.RootElement.ValueKind);
        Assert.DoesNotContain(Token, response.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Traffic_counts_a_download_while_it_runs()
    {
        var time = new FakeTimeProvider();
        var gate = HoldAfter(5);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri, time);
        using var client = await BeginAsync(proxy, bytes: 5 * SliceBytes);
        await Eventually.TrueAsync(
            async () => (await DownloadAsync(proxy)).GetProperty("sent_bytes").GetInt64() == 5 * SliceBytes, () => "five slices sent");

        time.Advance(TimeSpan.FromSeconds(1));
        var running = (await JsonAsync(proxy, "/api/traffic")).RootElement;
        gate.SetResult();
        await client.ReadBytesAsync((Slices - 5) * SliceBytes);
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("bytes_to_client_total") > 0, () => "the response is counted");
        time.Advance(TimeSpan.FromSeconds(1));
        var samples = (await JsonAsync(proxy, "/api/traffic")).RootElement.GetProperty("samples");

        Assert.Equal(0, running.GetProperty("bytes_to_client").GetInt64());
        Assert.Equal(1, running.GetProperty("active_requests").GetInt64());
        Assert.Equal(2, samples.GetProperty("last").GetInt64());
        Assert.Equal([5L * SliceBytes, (Slices - 5L) * SliceBytes], NumbersOf(samples, "bytes_to_client"));
        Assert.Equal([0L, 1L], NumbersOf(samples, "requests"));
        Assert.Equal([0L, Slices], NumbersOf(samples, "slices_missed"));
    }

    [Fact]
    public async Task Download_is_listed_with_a_map_of_its_slices_until_it_ends()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        await proxy.GetAsync("/file", $"Range: bytes=0-{(5 * SliceBytes) - 1}");
        var gate = HoldAfter(5);
        using var client = await BeginAsync(proxy, bytes: 5 * SliceBytes);
        var download = default(JsonElement);
        await Eventually.TrueAsync(
            async () => (download = await DownloadAsync(proxy)).GetProperty("map").GetString() == "hhhhhaawwwww", () => $"{download}");

        Assert.Equal(("/file", "127.0.0.1"), (download.GetProperty("path").GetString(), download.GetProperty("client").GetString()));
        Assert.Equal((5, 0), (download.GetProperty("slices_hit").GetInt32(), download.GetProperty("slices_fetched").GetInt32()));
        Assert.Equal(
            [5L * SliceBytes, Slices * SliceBytes, Slices, SliceBytes],
            ((string[])["sent_bytes", "bytes", "slices", "slice_bytes"]).Select(name => download.GetProperty(name).GetInt64()));
        gate.SetResult();
        await client.ReadBytesAsync((Slices - 5) * SliceBytes);
        await Eventually.TrueAsync(
            async () => (await JsonAsync(proxy, "/api/downloads")).RootElement.GetProperty("active").GetInt32() == 0, () => "it is over");
    }

    // No target has such bytes; whatever may come to stand in a key, it is text.
    [Theory]
    [InlineData("/<script>alert(1)</script>")]
    [InlineData("/\"},{\"path\":\"/x\"}")]
    [InlineData("/'onload='x\\\n\r\u0000\u007f")]
    [InlineData("/\u00ff\u2028")]
    public async Task Hostile_name_is_text_in_json(string name)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        var generation = StoredObjects.Generation(proxy.Composition.Store, slices: 1, SliceBytes, target: name);
        proxy.Composition.Index.Publish(generation);

        var response = await GetAsync(proxy, "/api/objects?q=/");

        using var json = JsonDocument.Parse(response.Body);
        var item = Assert.Single(json.RootElement.GetProperty("objects").EnumerateArray());
        Assert.Equal(generation.Key.ToString(), item.GetProperty("path").GetString());
        Assert.Equal(generation.Key, ObjectsPart.KeyOf(item.GetProperty("id").GetString()!));
        Assert.DoesNotContain("<", response.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_are_text_in_json_whatever_an_origin_sends()
    {
        const string Line = "<img src=x onerror=alert(1)>\"'";
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.SendAsync($"HTTP/1.1 200 OK\r\n{Line}\r\nContent-Length: 0\r\n\r\n"));
        await using var proxy = await StartAsync(origin.Uri);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("DELETE", "/file"));
            await client.ReadResponseAsync();
        }

        var response = await GetAsync(proxy, "/api/errors");

        using var json = JsonDocument.Parse(response.Body);
        var error = Assert.Single(json.RootElement.GetProperty("errors").EnumerateArray());
        Assert.Contains(Line, error.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(("warning", "origin_lines_dropped"), (error.GetProperty("level").GetString(), error.GetProperty("event").GetString()));
        Assert.DoesNotContain("<", response.BodyText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Origin_that_fails_is_shown_with_its_failure()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        await proxy.GetAsync("/file");
        var healthy = await OriginAsync(proxy);
        _file.Fault = _ => new RangeFault { ResetsBeforeHead = true };
        await proxy.GetAsync("/other");

        var shown = await OriginAsync(proxy);

        Assert.Equal(("healthy", 206), (healthy.GetProperty("state").GetString(), shown.GetProperty("last_status").GetInt32()));
        Assert.Equal((0, JsonValueKind.Null), (healthy.GetProperty("failures").GetInt32(), healthy.GetProperty("last_failure").ValueKind));
        Assert.True(shown.GetProperty("latency_ms").GetDouble() > 0);
        Assert.True(shown.GetProperty("answers").GetInt64() > 0);
        Assert.True(shown.GetProperty("failures").GetInt64() > 0);
        Assert.NotEmpty(shown.GetProperty("last_failure").GetString()!);
    }

    [Fact]
    public async Task Cache_that_is_full_shows_what_went()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, SliceBytes, options => options with { Store = new() { MemorySizeBytes = 1 << 20 } });
        for (int number = 0; number < 40; number++)
        {
            await proxy.GetAsync($"/file/{number}");
        }

        var cache = (await JsonAsync(proxy, "/api/cache")).RootElement;

        Assert.Equal(1 << 20, cache.GetProperty("capacity_bytes").GetInt64());
        Assert.InRange(cache.GetProperty("used_bytes").GetInt64(), 1, 1 << 20);
        long evicted = cache.GetProperty("evicted_slices").GetInt64();
        Assert.True(evicted >= (40 * Slices) - ((1 << 20) / SliceBytes), $"{evicted} slices");
        Assert.Equal(evicted * SliceBytes, cache.GetProperty("evicted_bytes").GetInt64());
        Assert.Equal("memory", cache.GetProperty("place").GetString());
    }

    [Fact]
    public async Task Configuration_tells_of_a_secret_only_that_there_is_one()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);

        var keys = (await JsonAsync(proxy, "/api/configuration")).RootElement.GetProperty("keys").EnumerateArray()
            .ToDictionary(key => key.GetProperty("name").GetString()!);

        Assert.Equal("(redacted)", keys["purge.auth_token"].GetProperty("value").GetString());
        Assert.Equal("4KiB", keys["slice_size"].GetProperty("value").GetString());
        Assert.False(keys["slice_size"].GetProperty("is_default").GetBoolean());
        Assert.True(keys["timeouts.connect"].GetProperty("is_default").GetBoolean());
        Assert.False(keys["purge.auth_token"].GetProperty("is_default").GetBoolean());
    }

    [Fact]
    public async Task Configuration_without_a_secret_does_not_differ_from_the_default_of_none()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);

        var token = (await JsonAsync(proxy, "/api/configuration")).RootElement.GetProperty("keys").EnumerateArray()
            .Single(key => key.GetProperty("name").GetString() == "purge.auth_token");

        Assert.Equal(JsonValueKind.Null, token.GetProperty("value").ValueKind);
        Assert.True(token.GetProperty("is_default").GetBoolean());
    }

    [Theory]
    [InlineData("/", 421, "Host: evil.example:9090")]
    [InlineData("/events", 421, "Host: evil.example:9090")]
    [InlineData("/api/cache", 421, "Host: evil.example:9090")]
    [InlineData("/api/cache", 403, "Host: localhost", "Sec-Fetch-Site: cross-site")]
    [InlineData("/events", 403, "Host: localhost", "Sec-Fetch-Site: same-site")]
    [InlineData("/", 200, "Host: localhost", "Sec-Fetch-Site: cross-site")]
    [InlineData("/metrics", 200, "Host: evil.example:9090")]
    [InlineData("/health", 200, "Host: evil.example:9090")]
    [InlineData("/api/nothing", 404, "Host: localhost")]
    [InlineData("/api/", 404, "Host: localhost")]
    public async Task Pages_of_others_see_nothing(string path, int status, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);

        Assert.Equal(status, (await AskAsync(proxy, "GET", path, fields)).StatusCode);
    }

    [Theory]
    [InlineData(200, "POST", "Host: localhost:9090", "X-Status-Page: 1", "X-Purge-Token: " + Token)]
    [InlineData(200, "POST", "Host: localhost:9090", "X-Status-Page: 1", "Authorization: Bearer " + Token, "Origin: http://localhost:9090")]
    [InlineData(401, "POST", "Host: localhost:9090", "X-Status-Page: 1")]
    [InlineData(401, "POST", "Host: localhost:9090", "X-Status-Page: 1", "X-Purge-Token: other")]
    [InlineData(403, "POST", "Host: localhost:9090", "X-Purge-Token: " + Token)]
    [InlineData(403, "POST", "Host: localhost:9090", "X-Status-Page: 1", "X-Purge-Token: " + Token, "Origin: http://localhost:8080")]
    [InlineData(403, "POST", "Host: localhost:9090", "X-Status-Page: 1", "X-Purge-Token: " + Token, "Sec-Fetch-Site: same-site")]
    [InlineData(421, "POST", "Host: evil.example:9090", "X-Status-Page: 1", "X-Purge-Token: " + Token, "Origin: http://evil.example:9090")]
    [InlineData(405, "GET", "Host: localhost:9090", "X-Status-Page: 1", "X-Purge-Token: " + Token)]
    public async Task Purge_needs_the_page_and_the_token(int status, string method, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);
        await proxy.GetAsync("/file");
        await proxy.GetAsync("/file/2");
        string id = (await JsonAsync(proxy, "/api/objects?q=/file")).RootElement.GetProperty("objects").EnumerateArray()
            .Single(item => item.GetProperty("path").GetString() == "/file").GetProperty("id").GetString()!;

        var answer = await AskAsync(proxy, method, "/api/purge?id=" + id, fields);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status != 200, proxy.Composition.Index.Contains("/file"u8));
        Assert.True(proxy.Composition.Index.Contains("/file/2"u8));
        if (status == 200)
        {
            using var json = JsonDocument.Parse(answer.Body);
            Assert.Equal(
                ("/file", Slices),
                (json.RootElement.GetProperty("url").GetString(), json.RootElement.GetProperty("purged_count").GetInt32()));
        }
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("?id=", 400)]
    [InlineData("?id=***", 400)]
    [InlineData("?id=L25vdGhpbmc", 404)]
    public async Task Purge_of_nothing_is_refused(string query, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri);

        var answer = await AskAsync(
            proxy, "POST", "/api/purge" + query, "Host: localhost", "X-Status-Page: 1", "X-Purge-Token: " + Token);

        Assert.Equal(status, answer.StatusCode);
    }

    [Theory]
    [InlineData("Origin: http://evil.example:9090")]
    [InlineData("Sec-Fetch-Site: same-origin")]
    public async Task Purge_method_is_not_for_browsers(string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        await proxy.GetAsync("/file");

        var answer = await AskAsync(proxy, "PURGE", "/file", "Host: evil.example:9090", field);

        Assert.Equal(403, answer.StatusCode);
        Assert.True(proxy.Composition.Index.Contains("/file"u8));
    }

    private static Task<ProxyUnderTest> StartAsync(Uri origin, TimeProvider? lastMinutes = null) => ProxyUnderTest.StartAsync(
        origin,
        SliceBytes,
        options => options with
        {
            MaxConcurrentSubrequests = 2,
            MaxRetries = 0,
            Purge = options.Purge with { AuthToken = Token },
        },
        lastMinutes: lastMinutes);

    // Slices from this one on come when the gate opens.
    private TaskCompletionSource HoldAfter(int slices)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _file.Fault = exchange => StartOf(exchange) >= slices * SliceBytes ? new RangeFault { HeadGate = gate.Task } : null;
        return gate;
    }

    private static long StartOf(OriginExchange exchange) => exchange.Request.Field("Range") is { } range
        ? long.Parse(range["bytes=".Length..range.IndexOf('-', StringComparison.Ordinal)], CultureInfo.InvariantCulture)
        : 0;

    private static async Task<RawClient> BeginAsync(ProxyUnderTest proxy, int bytes)
    {
        var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadHeadAsync();
        await client.ReadBytesAsync(bytes);
        return client;
    }

    private static async Task<JsonElement> DownloadAsync(ProxyUnderTest proxy) =>
        Assert.Single((await JsonAsync(proxy, "/api/downloads")).RootElement.GetProperty("downloads").EnumerateArray());

    private static async Task<JsonElement> OriginAsync(ProxyUnderTest proxy) =>
        Assert.Single((await JsonAsync(proxy, "/api/origins")).RootElement.GetProperty("origins").EnumerateArray());

    private static long[] NumbersOf(JsonElement samples, string column) =>
        [.. samples.GetProperty(column).EnumerateArray().Select(number => number.GetInt64())];

    private static async Task<JsonDocument> JsonAsync(ProxyUnderTest proxy, string path) =>
        JsonDocument.Parse((await GetAsync(proxy, path)).Body);

    private static Task<RawResponse> GetAsync(ProxyUnderTest proxy, string path) => AskAsync(proxy, "GET", path, "Host: localhost");

    private static async Task<RawResponse> AskAsync(ProxyUnderTest proxy, string method, string path, params string[] fields)
    {
        using var client = await RawClient.ConnectAsync(proxy.AdminEndPoint);
        await client.SendAsync($"{method} {path} HTTP/1.1\r\n{string.Concat(fields.Select(field => field + "\r\n"))}\r\n");
        return await client.ReadResponseAsync(method);
    }
}
