using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>An origin with several addresses, some of which fail (B21).</summary>
public sealed class FailoverTests
{
    private readonly RangeFile _file = new(256);

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Slices_of_one_response_come_from_every_address_and_each_sees_its_own_host()
    {
        await using var first = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var second = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync([first.Uri, second.Uri]);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 256, _file.Seed), response.Body);
        Assert.Equal((32, 32), (first.RequestCount, second.RequestCount));
        Assert.All(first.Requests, request => Assert.Equal(first.Authority, request.Field("Host")));
        Assert.All(second.Requests, request => Assert.Equal(second.Authority, request.Field("Host")));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Address_that_dies_in_the_middle_of_a_download_costs_the_client_no_byte()
    {
        _file.Fault = null;
        await using var dying = ScriptedOrigin.Start(
            exchange => exchange.Request.Number <= 8 ? _file.AnswerAsync(exchange) : exchange.ResetAsync());
        await using var other = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync([dying.Uri, other.Uri]);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(200, response.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 256, _file.Seed), response.Body);
        Assert.Equal(64, 8 + other.RequestCount);
        Assert.Equal(0, await proxy.MetricAsync("retried_subrequests_total"));
        Assert.Equal((0, 1), await HealthAsync(proxy, dying.Authority, other.Authority));
        string line = Assert.Single(proxy.Log, line => line.Contains("origin_rests", StringComparison.Ordinal));
        Assert.StartsWith(
            $"Warning origin_rests an address of the origin fails and rests: http://{dying.Authority} connection_terminated",
            line,
            StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Address_that_talks_no_http_costs_the_client_nothing()
    {
        await using var garbage = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("SSH-2.0-x\r\n\r\n");
            await exchange.CloseAsync();
        });
        await using var other = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync([garbage.Uri, other.Uri]);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(200, response.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 256, _file.Seed), response.Body);
    }

    // With the wait the address asks for, an hour cut to ten seconds for each slice, the deadline of the client of this test would pass.
    [Fact]
    [Trait("Behaviour", "B19")]
    [Trait("Behaviour", "B21")]
    public async Task Retry_after_of_one_address_does_not_keep_the_other_waiting()
    {
        await using var busy = ScriptedOrigin.Start(exchange => exchange.RespondAsync("503 Service Unavailable", "", "Retry-After: 3600"));
        await using var other = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync([busy.Uri, other.Uri]);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(200, response.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 256, _file.Seed), response.Body);
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    [Trait("Behaviour", "B18")]
    public async Task Body_that_breaks_off_is_resumed_at_another_address()
    {
        var file = new RangeFile(16);
        var otherWasAsked = new TaskCompletionSource();
        file.Fault = exchange => exchange.Request.Range == (0L, 7L)
            ? new RangeFault { PauseAfterBytes = 3, BodyGate = otherWasAsked.Task, CutAfterBytes = 3 }
            : null;
        await using var breaking = ScriptedOrigin.Start(file.AnswerAsync);
        await using var other = ScriptedOrigin.Start(async exchange =>
        {
            otherWasAsked.TrySetResult();
            await file.AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync([breaking.Uri, other.Uri], sliceSizeBytes: 8);

        // The second slice is asked for between: in plain turn, the repeat would go where the body broke off.
        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 16, file.Seed), response.Body);
        Assert.Equal([(0L, 7L)], breaking.Requests.Select(request => request.Range!.Value));
        Assert.Equal([(8L, 15L), (3L, 7L)], other.Requests.Select(request => request.Range!.Value));
        Assert.Equal("\"v1\"", other.Requests[1].Field("If-Match"));
        Assert.Equal((1, 1), await HealthAsync(proxy, breaking.Authority, other.Authority));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    [Trait("Behaviour", "B20")]
    public async Task Error_of_one_server_is_repeated_at_another_address()
    {
        await using var failing = ScriptedOrigin.Start(exchange => exchange.RespondAsync("503 Service Unavailable"));
        await using var other = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(
            [failing.Uri, other.Uri], configure: options => options with { MaxConcurrentSubrequests = 1 });

        Assert.Equal(TestContent.Bytes(0, 4, _file.Seed), (await proxy.GetAsync("/file", "Range: bytes=0-3")).Body);
        Assert.Equal((1, 1), (failing.RequestCount, other.RequestCount));
        Assert.Equal((1, 1), await HealthAsync(proxy, failing.Authority, other.Authority));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Refused_connection_moves_on_at_once_and_is_no_retry()
    {
        using var dead = new RefusingPort();
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync([dead.Uri, origin.Uri], configure: options => options with { MaxRetries = 0 });

        Assert.Equal(TestContent.Bytes(0, 256, _file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Equal(0, await proxy.MetricAsync("retried_subrequests_total"));
        Assert.Equal(0, await proxy.MetricAsync("failed_subrequests_total"));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task All_addresses_refusing_is_502_with_the_reason_of_each()
    {
        using var first = new RefusingPort();
        using var second = new RefusingPort();
        await using var proxy = await StartAsync([first.Uri, second.Uri], configure: options => options with { MaxRetries = 0 });

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 502 Bad Gateway", response.StatusLine);
        Assert.Contains("connection_refused", response.BodyText, StringComparison.Ordinal);
        string line = Assert.Single(proxy.Log, line => line.StartsWith("Warning origin_failed", StringComparison.Ordinal));
        Assert.Contains(first.Uri.Authority, line, StringComparison.Ordinal);
        Assert.Contains(second.Uri.Authority, line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    [Trait("Behaviour", "B21")]
    public async Task All_addresses_silent_is_504()
    {
        var time = new FakeTimeProvider();
        await using var first = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync());
        await using var second = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync());
        await using var proxy = await StartAsync(
            [first.Uri, second.Uri], time: time, configure: options => options with { MaxRetries = 0 });

        var response = await PassingTime.UntilAsync(time, proxy.GetAsync("/file"), "an answer");

        Assert.Equal("HTTP/1.1 504 Gateway Timeout", response.StatusLine);
        Assert.Contains("http_response_timeout", response.BodyText, StringComparison.Ordinal);

        // The client's own request was asked of both after ours (B59).
        Assert.Equal((2, 2), (first.RequestCount, second.RequestCount));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Failing_address_rests_and_is_tried_once_its_rest_is_over()
    {
        var time = new FakeTimeProvider();
        bool isFailing = true;
        await using var failing = ScriptedOrigin.Start(
            exchange => isFailing ? exchange.ResetAsync() : exchange.RespondAsync("200 OK", "first"));
        await using var other = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "other"));
        await using var proxy = await StartAsync([failing.Uri, other.Uri], time: time);

        Assert.Equal("other", (await OptionsAsync(proxy)).BodyText);
        Assert.Equal(1, failing.RequestCount);
        isFailing = false;
        time.Advance(TimeSpan.FromSeconds(9.999));
        Assert.Equal(["other", "other"], [(await OptionsAsync(proxy)).BodyText, (await OptionsAsync(proxy)).BodyText]);
        Assert.Equal((0, 1), await HealthAsync(proxy, failing.Authority, other.Authority));
        time.Advance(TimeSpan.FromSeconds(0.001));

        Assert.Equal("first", (await OptionsAsync(proxy)).BodyText);
        Assert.Equal((1, 1), await HealthAsync(proxy, failing.Authority, other.Authority));
        Assert.Single(proxy.Log, line => line.StartsWith("Warning origin_rests", StringComparison.Ordinal));
        Assert.Single(
            proxy.Log, line => line == $"Information origin_is_back an address of the origin answers again: http://{failing.Authority}");
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Only_address_is_asked_even_while_it_rests()
    {
        var time = new FakeTimeProvider();
        bool isFailing = true;
        await using var origin = ScriptedOrigin.Start(
            exchange => isFailing ? exchange.ResetAsync() : exchange.RespondAsync("200 OK", "back"));
        await using var proxy = await StartAsync([origin.Uri], time: time);

        Assert.Equal(502, (await OptionsAsync(proxy)).StatusCode);
        isFailing = false;

        Assert.Equal("back", (await OptionsAsync(proxy)).BodyText);
    }

    [Theory]
    [InlineData("OPTIONS", "", 200, 1)]
    [InlineData("DELETE", "", 200, 1)]
    [InlineData("POST", "", 502, 0)]
    [InlineData("PATCH", "", 502, 0)]
    [InlineData("PUT", "body", 502, 0)]
    [Trait("Behaviour", "B21")]
    public async Task Request_that_was_sent_is_repeated_only_if_it_is_idempotent_and_its_body_is_unread(
        string method, string body, int status, int repeats)
    {
        await using var failing = ScriptedOrigin.Start(exchange => exchange.ResetAsync());
        await using var other = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "done"));
        await using var proxy = await StartAsync([failing.Uri, other.Uri]);

        var response = await RawClient.AskAsync(
            proxy.EndPoint, $"{method} /file HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        Assert.Equal((status, repeats), (response.StatusCode, other.RequestCount));
        Assert.Equal(1, failing.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Post_that_no_connection_came_to_be_for_goes_to_another_address_with_its_whole_body()
    {
        using var dead = new RefusingPort();
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("201 Created", "made"));
        await using var proxy = await StartAsync([dead.Uri, origin.Uri]);

        var response = await RawClient.AskAsync(
            proxy.EndPoint, "POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody");

        Assert.Equal("made", response.BodyText);
        var request = Assert.Single(origin.Requests);
        Assert.Equal("body", Wire.Text(request.Body.Span));
        Assert.Single(request.HeadText.Split("\r\n"), line => line.StartsWith("Content-Type:", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Client_that_breaks_its_own_body_does_not_make_the_address_rest()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync(), readsBodies: false);
        await using var proxy = await StartAsync([origin.Uri]);

        var response = await RawClient.AskAsync(
            proxy.EndPoint, "PUT /file HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a size\r\n");

        Assert.Equal(400, response.StatusCode);
        Assert.Equal(1, await proxy.MetricAsync($"origin_healthy{{address=\"http://{origin.Authority}\"}}"));
    }

    private static Task<ProxyUnderTest> StartAsync(
        Uri[] addresses, int sliceSizeBytes = 4, TimeProvider? time = null, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(
            addresses[0],
            sliceSizeBytes,
            options => (configure?.Invoke(options) ?? options) with { UpstreamAddresses = addresses },
            time);

    private static Task<RawResponse> OptionsAsync(ProxyUnderTest proxy) =>
        RawClient.AskAsync(proxy.EndPoint, "OPTIONS /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    private static async Task<(double First, double Second)> HealthAsync(ProxyUnderTest proxy, string first, string second) => (
        await proxy.MetricAsync($"origin_healthy{{address=\"http://{first}\"}}"),
        await proxy.MetricAsync($"origin_healthy{{address=\"http://{second}\"}}"));
}
