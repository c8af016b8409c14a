using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>PURGE of one URL: who may, what is answered, and that the origin is asked again afterwards.</summary>
public sealed class PurgeTests
{
    private const string Token = "s3cret-token";

    private readonly RangeFile _file = new(16);

    [Fact]
    public async Task Purged_object_is_fetched_again()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file?q=1");
        _file.ChangeTo(seed: 2);
        Assert.Equal("HIT", (await proxy.GetAsync("/file?q=1")).Field("X-Cache"));

        var purged = await proxy.PurgeAsync("/file?q=1");
        var next = await proxy.GetAsync("/file?q=1");

        AssertAnswer(purged, 200, purgedCount: 4, url: "/file?q=1");
        Assert.Equal("MISS", next.Field("X-Cache"));
        Assert.Equal(TestContent.Bytes(0, 16, seed: 2), next.Body);
    }

    [Fact]
    public async Task Purge_takes_one_object_and_no_other()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        await proxy.GetAsync("/file?q=1");

        await proxy.PurgeAsync("/file");

        Assert.Equal("HIT", (await proxy.GetAsync("/file?q=1")).Field("X-Cache"));
    }

    [Fact]
    public async Task Purge_finds_the_object_under_another_spelling_of_its_url()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/downloads/x");

        AssertAnswer(await proxy.PurgeAsync("/a/../%64ownloads/x"), 200, purgedCount: 4, url: "/a/../%64ownloads/x");
    }

    // The new process has a cache of its own by then, which a purge here would not reach.
    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Purge_on_a_connection_of_a_process_that_has_handed_over_is_refused()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        proxy.Instance.Parts.State.SetHandedOver();
        var refused = await proxy.PurgeAsync("/file");

        Assert.Equal(503, refused.StatusCode);
        Assert.Contains("repeat the PURGE on a new connection", refused.BodyText, StringComparison.Ordinal);
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Fact]
    public async Task Purge_of_one_slice_says_so()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-1");

        AssertAnswer(await proxy.PurgeAsync("/file"), 200, purgedCount: 1, url: "/file");
    }

    [Fact]
    public async Task Purge_of_what_is_not_stored_is_404()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        AssertAnswer(await proxy.PurgeAsync("/other"), 404, purgedCount: 0, url: "/other");
        await proxy.PurgeAsync("/file");
        AssertAnswer(await proxy.PurgeAsync("/file"), 404, purgedCount: 0, url: "/file");
    }

    [Theory]
    [InlineData("Authorization: Bearer " + Token, 200)]
    [InlineData("authorization: bearer " + Token, 200)]
    [InlineData("X-Purge-Token: " + Token, 200)]
    [InlineData("X-Purge-Token: " + Token + "x", 401)]
    [InlineData("X-Purge-Token: s3cret-tokem", 401)]
    [InlineData("X-Purge-Token:", 401)]
    [InlineData("X-Purge-Token: " + Token + "\r\nX-Purge-Token: " + Token, 401)]
    [InlineData("Authorization: Basic " + Token, 401)]
    [InlineData("Authorization: Bearer", 401)]
    [InlineData("Authorization: " + Token, 401)]
    [InlineData("A: b", 401)]
    [Trait("Behaviour", "B56")]
    public async Task Configured_token_must_be_shown_on_the_proxy_port(string field, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, new PurgeOptions { AuthToken = Token });
        await proxy.GetAsync("/file");

        var response = await RawClient.AskAsync(proxy.EndPoint, RawClient.Request("PURGE", "/file", field));

        AssertAnswer(response, status, purgedCount: status == 200 ? 4 : 0, url: "/file");
        Assert.Equal(status == 401 ? "Bearer" : null, response.Field("WWW-Authenticate"));
        Assert.Equal(status == 200 ? "MISS" : "HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.DoesNotContain(Token, string.Concat(proxy.Log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("A: b")]
    [InlineData("X-Forwarded-For: 127.0.0.1")]
    [InlineData("Forwarded: for=127.0.0.1")]
    [InlineData("X-Purge-Token:")]
    [InlineData("X-Purge-Token: " + Token)]
    [InlineData("Authorization: Bearer ")]
    [InlineData("Host: localhost")]
    [Trait("Behaviour", "B56")]
    public async Task Without_a_configured_token_nobody_purges_on_the_proxy_port(string field)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");

        var refused = await RawClient.AskAsync(proxy.EndPoint, field.StartsWith("Host", StringComparison.Ordinal)
            ? $"PURGE /file HTTP/1.1\r\n{field}\r\n\r\n"
            : RawClient.Request("PURGE", "/file", field));

        AssertAnswer(refused, 401, purgedCount: 0, url: "/file");
        Assert.Equal("Bearer", refused.Field("WWW-Authenticate"));
        Assert.Contains("purge.auth_token", refused.BodyText, StringComparison.Ordinal);
        Assert.Contains("metrics port", refused.BodyText, StringComparison.Ordinal);
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal(1, await proxy.MetricAsync("purge_auth_failures_total"));
        Assert.Equal(200, (await proxy.PurgeAsync("/file")).StatusCode);
    }

    [Theory]
    [InlineData("A: b", 401)]
    [InlineData("X-Purge-Token: s3cret-tokem", 401)]
    [InlineData("X-Purge-Token: " + Token, 200)]
    [InlineData("Authorization: Bearer " + Token, 200)]
    [Trait("Behaviour", "B56")]
    public async Task Configured_token_must_be_shown_on_the_metrics_port_too(string field, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, new PurgeOptions { AuthToken = Token });
        await proxy.GetAsync("/file");

        Assert.Equal(status, (await proxy.PurgeAsync("/file", field)).StatusCode);

        Assert.Equal(status == 200 ? "MISS" : "HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Theory]
    [InlineData("/metrics")]
    [InlineData("/health")]
    [InlineData("/")]
    [Trait("Behaviour", "B56")]
    public async Task Purge_on_the_metrics_port_means_the_target_on_the_proxy_port(string target)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, healthPath: "/alive");
        await proxy.GetAsync(target);

        AssertAnswer(await proxy.PurgeAsync(target), 200, purgedCount: 4, url: target);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disabled_purge_is_405_and_is_not_forwarded(bool onMetricsPort)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, new PurgeOptions { Enabled = false });
        await proxy.GetAsync("/file");
        int requests = origin.RequestCount;

        var response = await RawClient.AskAsync(onMetricsPort ? proxy.AdminEndPoint : proxy.EndPoint, RawClient.Request("PURGE", "/file"));

        AssertAnswer(response, 405, purgedCount: 0, url: "/file");
        Assert.NotNull(response.Field("Allow"));
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
        Assert.Equal(requests, origin.RequestCount);
    }

    [Fact]
    public async Task Purge_while_a_slice_is_on_its_way_keeps_nothing_of_it()
    {
        var gate = new TaskCompletionSource();
        _file.Fault = RangeFile.OnRequest(1, new RangeFault { PauseAfterBytes = 2, BodyGate = gate.Task });
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadHeadAsync();

        Assert.Equal(200, (await proxy.PurgeAsync("/file")).StatusCode);
        gate.SetResult();

        // The response that had begun is finished from the version it began with.
        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), await client.ReadBytesAsync(16));
        Assert.Equal("MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Fact]
    public async Task Purges_are_counted()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, new PurgeOptions { AuthToken = Token });
        await proxy.GetAsync("/file");

        await proxy.PurgeAsync("/file");
        await proxy.PurgeAsync("/file", "X-Purge-Token: " + Token);
        await proxy.PurgeAsync("/file", "X-Purge-Token: " + Token);

        Assert.Equal(3, await proxy.MetricAsync("purge_requests_total"));
        Assert.Equal(4, await proxy.MetricAsync("purge_items_total"));
        Assert.Equal(1, await proxy.MetricAsync("purge_auth_failures_total"));
        Assert.Equal(3, await proxy.MetricAsync("purge_duration_seconds_count"));
        string metrics = (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText;
        Assert.All(
            ["unauthorized", "purged", "not_found"],
            result => Assert.Contains(
                $"pingora_slice_purge_requests_by_result{{result=\"{result}\"}} 1\n", metrics, StringComparison.Ordinal));
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, PurgeOptions? purge = null, string healthPath = "/health") =>
        ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { Purge = purge ?? options.Purge, HealthPath = healthPath });

    private static void AssertAnswer(RawResponse response, int status, int purgedCount, string url)
    {
        var answer = PurgeAnswer.Read(response, status);
        Assert.Equal((purgedCount, url), (answer.Count, answer.Url));
        Assert.NotEqual("", answer.Message);
        if (status == 200)
        {
            Assert.Equal(purgedCount == 1 ? "purged, with 1 slice" : $"purged, with {purgedCount} slices", answer.Message);
        }
    }
}
