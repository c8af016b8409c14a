using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>How often a request of ours reaches the origin: by our repeats, and by those of the pool, which count as ours.</summary>
public sealed class RepeatedRequestTests
{
    private readonly RangeFile _file = new(16);

    // With max_retries 0 the client's own request follows ours all the same (B59).
    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(3, 4)]
    [Trait("Behaviour", "B20")]
    public async Task Connection_that_ends_without_an_answer_costs_no_more_requests_than_there_are_retries(int maxRetries, int requests)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.CloseAsync());
        await using var proxy = await StartAsync(origin, maxRetries);

        Assert.Equal(502, (await proxy.GetAsync("/file")).StatusCode);

        Assert.Equal(requests, origin.RequestCount);
        Assert.Equal(requests - 2, await proxy.MetricAsync("retried_subrequests_total"));
        Assert.Equal(requests - 1, await proxy.MetricAsync("subrequests_total"));
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Kept_connection_that_the_origin_ends_costs_one_repeat_on_another()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Number == 2 ? exchange.CloseAsync() : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin, maxRetries: 0);
        await proxy.GetAsync("/first", "Range: bytes=0-3");

        var second = await proxy.GetAsync("/second", "Range: bytes=0-3");

        Assert.Equal(TestContent.Bytes(0, 4, _file.Seed), second.Body);
        Assert.Equal("bytes=0-3", origin.Requests[^1].Field("Range"));
        Assert.Equal((3, 2), (origin.RequestCount, origin.ConnectionCount));
        Assert.Equal(1, await proxy.MetricAsync("retried_subrequests_total"));
        Assert.Equal("HIT", (await proxy.GetAsync("/second", "Range: bytes=0-3")).Field("X-Cache"));
    }

    // The body of a HEAD, or of a 304, that comes late: nobody could know when the connection was kept.
    [Theory]
    [InlineData("GET", 200)]
    [InlineData("PUT", 200)]
    [InlineData("POST", 502)]
    [Trait("Behaviour", "B63")]
    public async Task Late_bytes_of_an_earlier_answer_cost_the_next_client_nothing_where_a_repeat_is_safe(string method, int status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Number == 2
            ? exchange.SendAsync("HELLO")
            : exchange.RespondAsync("200 OK", exchange.Request.Number == 1 ? "" : "good"));
        await using var proxy = await StartAsync(origin, maxRetries: 0);
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);
        await first.SendAsync("HEAD /late HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n\r\n");
        await first.ReadResponseAsync("HEAD");

        // The client has its answer a moment before the connection to the origin is kept.
        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.StartsWith("Debug answered ", StringComparison.Ordinal)), "the exchange is over");
        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        await second.SendAsync($"{method} /good?x HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM x\r\nContent-Length: 0\r\n\r\n");

        var response = await second.ReadResponseAsync();

        Assert.Equal(status, response.StatusCode);
        Assert.Equal(status == 200 ? "good" : null, status == 200 ? response.BodyText : null);
        Assert.Equal(status == 200 ? 3 : 2, origin.RequestCount);
    }

    [Theory]
    [InlineData("500 Internal Server Error")]
    [InlineData("502 Bad Gateway")]
    [InlineData("503 Service Unavailable")]
    [InlineData("504 Gateway Timeout")]
    [InlineData("503 Service Unavailable", "Retry-After: 120")]
    [InlineData("429 Too Many Requests", "Retry-After: 120")]
    [Trait("Behaviour", "B20")]
    public async Task Error_in_answer_to_a_first_request_is_told_as_it_is_logged_and_counted(string status, params string[] fields)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(status, "late", fields));
        await using var proxy = await StartAsync(origin, maxRetries: 3);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(($"HTTP/1.1 {status}", "late"), (response.StatusLine, response.BodyText));
        Assert.Equal(fields.Length > 0 ? "120" : null, response.Field("Retry-After"));
        Assert.Equal(1, origin.RequestCount);
        Assert.Equal(
            status[0] == '5',
            proxy.Log.Any(line => line.StartsWith("Warning origin_error ", StringComparison.Ordinal)
                && line.Contains($"{status[..3]} /file", StringComparison.Ordinal)));
        string metrics = (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText;
        Assert.Contains($"pingora_slice_origin_errors_total{{status=\"{status[..3]}\"}} 1\n", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("429 Too Many Requests")]
    [InlineData("503 Service Unavailable")]
    [Trait("Behaviour", "B19")]
    public async Task Wait_beyond_patience_for_a_slice_is_told_to_the_client_who_has_no_head_yet(string status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, maxRetries: 3);
        await proxy.GetAsync("/file", "Range: bytes=0-3");
        _file.Fault = _ => new RangeFault { Status = status, Fields = ["Retry-After: 120"] };

        var response = await proxy.GetAsync("/file", "Range: bytes=4-7");

        Assert.Equal(($"HTTP/1.1 {status}", "120"), (response.StatusLine, response.Field("Retry-After")));
        Assert.Equal(2, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B19")]
    public async Task Wait_beyond_patience_inside_a_response_ends_the_response_at_once()
    {
        _file.Fault = exchange => exchange.Request.Range == (0L, 3L) ? null
            : new RangeFault { Status = "503 Service Unavailable", Fields = ["Retry-After: 120"] };
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, maxRetries: 3);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        Assert.Equal(ResponseEnding.CutByClose, (await client.ReadEndingAsync()).Ending);

        Assert.Equal(2, origin.RequestCount);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, int maxRetries) => ProxyUnderTest.StartAsync(
        origin.Uri, sliceSizeBytes: 4, options => options with { MaxRetries = maxRetries, MaxConcurrentSubrequests = 1 });
}
