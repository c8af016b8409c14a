using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// An origin that breaks off, refuses or is silent: resumed and repeated within bounds, then told apart by status or by an abort (B18,
/// B20).
/// </summary>
public sealed class ResumeTests
{
    private const string SixteenBytes = "0123456789abcdef";

    [Fact]
    [Trait("Behaviour", "B18")]
    public async Task Body_cut_inside_the_first_slice_resumes_at_the_byte_reached_with_the_version_pinned()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Number == 1
            ? SendAndCloseAsync(
                exchange, "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-7/16\r\nContent-Length: 8\r\n\r\n01234")
            : AnswerAsync(exchange));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(SixteenBytes, response.BodyText);
        var resumed = Assert.Single(origin.Requests, request => request.Range == (5L, 7L));
        Assert.Equal("\"v1\"", resumed.Field("If-Match"));
        Assert.Equal(1, await proxy.MetricAsync("retried_subrequests_total"));
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [Trait("Behaviour", "B18")]
    public async Task Body_cut_inside_a_later_slice_resumes_at_the_byte_reached(int cutAfterBytes)
    {
        var file = new RangeFile(24) { Fault = RangeFile.OnRequest(2, new RangeFault { CutAfterBytes = cutAfterBytes }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 8, options => options with { MaxConcurrentSubrequests = 1 });

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 24, file.Seed), response.Body);
        Assert.Equal([(0L, 7L), (8L, 15L), (8L + cutAfterBytes, 15L), (16L, 23L)], origin.Requests.Select(request => request.Range!.Value));
    }

    [Fact]
    public async Task Version_without_strong_tag_is_pinned_by_its_date_on_resume()
    {
        var file = new RangeFile(8) { ETag = "W/\"v1\"", Fault = RangeFile.OnRequest(1, new RangeFault { CutAfterBytes = 3 }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 8, file.Seed), response.Body);
        Assert.Null(origin.Requests[1].Field("If-Match"));
        Assert.Equal("Thu, 01 Jan 2026 00:00:01 GMT", origin.Requests[1].Field("If-Unmodified-Since"));
    }

    [Fact]
    [Trait("Behaviour", "B18")]
    public async Task Retries_exhausted_after_the_head_abort_the_connection()
    {
        var file = new RangeFile(16)
        {
            Fault = exchange => exchange.Request.Range == (0L, 7L) ? null : new RangeFault { CutAfterBytes = 0 },
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri, maxRetries: 1);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        var response = await client.ReadEndingAsync();

        Assert.Equal(ResponseEnding.CutByClose, response.Ending);
        Assert.Equal(200, response.StatusCode);
        Assert.Equal("16", response.Field("Content-Length"));
        Assert.True(response.BodyBytes < 16, $"{response.BodyBytes} bytes");
        Assert.Equal(3, origin.RequestCount);
        await LoggedAsync(proxy, "origin_failed", "http_response_incomplete /file");
    }

    [Fact]
    public async Task Next_request_after_an_abort_fetches_what_is_missing()
    {
        var file = new RangeFile(16)
        {
            Fault = exchange => exchange.Request.Number is 2 or 3 ? new RangeFault { CutAfterBytes = 0 } : null,
        };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri, maxRetries: 1);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadEndingAsync();

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 16, file.Seed), response.Body);
        Assert.Equal((8L, 15L), origin.Requests[^1].Range);
    }

    // The client's own request has followed ours (B59), and says how long it would be.
    [Fact]
    public async Task Retries_exhausted_before_any_byte_end_the_clients_own_answer_visibly()
    {
        var file = new RangeFile(16) { Fault = _ => new RangeFault { CutAfterBytes = 0 } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri, maxRetries: 1);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        var failed = await client.ReadEndingAsync();
        file.Fault = null;
        var served = await proxy.GetAsync("/file");

        Assert.Equal((ResponseEnding.CutByClose, 0, "16"), (failed.Ending, failed.BodyBytes, failed.Field("Content-Length")));
        Assert.Equal(TestContent.Bytes(0, 16, file.Seed), served.Body);
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Connection_reset_before_the_head_is_retried_unseen()
    {
        var file = new RangeFile(8) { Fault = RangeFile.OnFirst(2, new RangeFault { ResetsBeforeHead = true }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri, maxRetries: 2);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 8, file.Seed), response.Body);
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Server_error_that_asks_for_a_repeat_is_retried_unseen_and_passed_on_when_it_stays()
    {
        var busy = new RangeFault { Status = "503 Service Unavailable", Fields = ["Retry-After: 0"] };
        var file = new RangeFile(8) { Fault = RangeFile.OnFirst(1, busy) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin.Uri, maxRetries: 1);

        var recovered = await proxy.GetAsync("/file");
        file.Fault = _ => busy;
        var failed = await proxy.GetAsync("/other");

        Assert.Equal(TestContent.Bytes(0, 8, file.Seed), recovered.Body);
        Assert.Equal("HTTP/1.1 503 Service Unavailable", failed.StatusLine);
        Assert.Equal("0", failed.Field("Retry-After"));
        Assert.Equal(4, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Refused_connection_is_502_with_the_reason_in_the_log()
    {
        using var nobody = new RefusingPort();
        await using var proxy = await StartAsync(nobody.Uri, maxRetries: 1);

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 502 Bad Gateway", response.StatusLine);
        Assert.Contains("connection_refused", response.BodyText, StringComparison.Ordinal);
        await LoggedAsync(proxy, "origin_failed", "connection_refused /file");
        Assert.Contains(proxy.Log, line => line.StartsWith("Warning", StringComparison.Ordinal)
            && line.Contains("Connection refused", StringComparison.Ordinal)
            && line.Contains(nobody.Uri.Authority, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    [Trait("Behaviour", "B20")]
    public async Task Head_that_does_not_come_in_time_is_504(string method)
    {
        var time = new FakeTimeProvider();
        var never = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(exchange => exchange.WaitAsync(never.Task));
        await using var proxy = await StartAsync(origin.Uri, maxRetries: 0, time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request(method, "/file"));
        await origin.RequestsArrivedAsync(1);

        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(1, proxy.Instance.Parts.Meter.ActiveRequests.Value);
        time.Advance(TimeSpan.FromSeconds(2));
        if (method == "GET")
        {
            // The client's own follows ours, as silence may be of the range (B59).
            await origin.RequestsArrivedAsync(2);
            Assert.Null(origin.Requests[1].Range);
        }

        var response = await PassingTime.UntilAsync(time, client.ReadResponseAsync(), "timeouts.first_byte passes");

        Assert.Equal("HTTP/1.1 504 Gateway Timeout", response.StatusLine);
        await LoggedAsync(proxy, "origin_failed", "http_response_timeout /file");
    }

    [Fact]
    [Trait("Behaviour", "B18")]
    [Trait("Behaviour", "B20")]
    public async Task Body_that_falls_silent_is_resumed_after_between_bytes()
    {
        var time = new FakeTimeProvider();
        var never = new TaskCompletionSource();
        var file = new RangeFile(8) { Fault = RangeFile.OnRequest(1, new RangeFault { PauseAfterBytes = 3, BodyGate = never.Task }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadHeadAsync();
        Assert.Equal(TestContent.Bytes(0, 3, file.Seed), await client.ReadBytesAsync(3));

        // The timeout is armed some time after the third byte, the retry's wait some time after that: the clock goes on until both are
        // over.
        await PassingTime.UntilAsync(time, () => origin.RequestCount == 2, "the slice is asked for again");

        Assert.Equal(TestContent.Bytes(3, 5, file.Seed), await client.ReadBytesAsync(5));
        Assert.Equal((3L, 7L), origin.Requests[1].Range);
    }

    private static Task<ProxyUnderTest> StartAsync(Uri origin, int maxRetries, TimeProvider? time = null) => ProxyUnderTest.StartAsync(
        origin, sliceSizeBytes: 8, options => options with { MaxRetries = maxRetries, MaxConcurrentSubrequests = 1 }, time);

    // The line is written before the connection is aborted, but after the last byte of a response: give it its moment.
    private static Task LoggedAsync(ProxyUnderTest proxy, string eventName, string text) => Eventually.TrueAsync(
        () => proxy.Log.Any(line => line.Contains(eventName, StringComparison.Ordinal) && line.Contains(text, StringComparison.Ordinal)),
        () => $"{eventName} with '{text}' in the log:\n{string.Join('\n', proxy.Log)}");

    private static async Task SendAndCloseAsync(OriginExchange exchange, string text)
    {
        await exchange.SendAsync(text);
        await exchange.CloseAsync();
    }

    private static Task AnswerAsync(OriginExchange exchange)
    {
        var (first, last) = exchange.Request.Range!.Value;
        string part = SixteenBytes[(int)first..(int)Math.Min(last + 1, 16)];
        return exchange.SendAsync(
            $"HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {first}-{first + part.Length - 1}/16\r\n"
            + $"Content-Length: {part.Length}\r\n\r\n{part}");
    }
}
