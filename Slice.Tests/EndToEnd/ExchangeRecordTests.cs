using Microsoft.Extensions.Time.Testing;
using Slice.Core.Caching;
using Slice.Core.Options;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>However an exchange ends, it leaves exactly one record, and the record says how.</summary>
public sealed class ExchangeRecordTests
{
    private const int SliceBytes = 8;

    [Fact]
    public async Task Miss_and_hit_are_told_with_their_slices_and_the_origin()
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(20).AnswerAsync);
        await using var proxy = await StartAsync(origin);

        await proxy.GetAsync("/file");
        await FinishedAsync(proxy, 1);
        await proxy.GetAsync("/file?", "Range: bytes=0-3");
        await FinishedAsync(proxy, 2);
        await proxy.GetAsync("/file");

        var records = await FinishedAsync(proxy, 3);
        Assert.Equal(
            new RecordedExchange(
                "GET", "/file", 200, 20, CacheResult.Miss, CacheDetail.None, 0, 3, $"http://{origin.Authority}", ExchangeEnding.Complete),
            Bare(records[0]));
        Assert.Equal(
            (206, 4L, "/file?", 0, 1),
            (records[1].Status, records[1].BodyBytes, records[1].Target, records[1].SlicesHit, records[1].SlicesFetched));
        Assert.Equal(
            new RecordedExchange("GET", "/file", 200, 20, CacheResult.Hit, CacheDetail.None, 3, 0, null, ExchangeEnding.Complete),
            Bare(records[2]));
        Assert.All(records, record => Assert.True(record is { HasClient: true, HasFirstByte: true }));
        Assert.Equal(3, await proxy.MetricAsync("requests_total"));
    }

    [Theory]
    [InlineData("GET /x HTTP/1.1\r\n\r\n", 400)]
    [InlineData("GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505)]
    public async Task Head_that_is_refused_is_told_without_what_stood_in_it(string head, int status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(head);
        Assert.Equal(status, (await client.ReadResponseAsync()).StatusCode);

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal(
            new RecordedExchange("", "", status, 0, CacheResult.None, CacheDetail.None, 0, 0, null, ExchangeEnding.Refused),
            Bare(record));
        Assert.Equal((false, (TimeSpan?)null), (record.HasFirstByte, record.Duration));
        Assert.Equal(1, await proxy.MetricAsync("requests_total"));
    }

    [Fact]
    public async Task Request_that_passes_through_tells_its_method_and_the_origin()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("201 Created", "made"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /thing HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
        await client.ReadResponseAsync();

        Assert.Equal(
            new RecordedExchange(
                "PUT", "/thing", 201, 4, CacheResult.Bypass, CacheDetail.None, 0, 0, $"http://{origin.Authority}", ExchangeEnding.Complete),
            Bare(Assert.Single(await FinishedAsync(proxy, 1))));
    }

    [Theory]
    [InlineData("HEAD", 200)]
    [InlineData("GET", 304)]
    public async Task Answer_without_a_body_is_told_without_bytes(string method, int status)
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(20).AnswerAsync);
        await using var proxy = await StartAsync(origin);
        string tag = (await proxy.GetAsync("/file")).Field("ETag")!;
        await FinishedAsync(proxy, 1);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        string condition = status == 304 ? $"If-None-Match: {tag}\r\n" : "";
        await client.SendAsync($"{method} /file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{condition}\r\n");
        await client.ReadHeadAsync();

        var record = (await FinishedAsync(proxy, 2))[1];
        Assert.Equal(
            (method, status, 0L, CacheResult.Hit, ExchangeEnding.Complete),
            (record.Method, record.Status, record.BodyBytes, record.CacheResult, record.Ending));
    }

    [Fact]
    public async Task Origin_that_refuses_connections_is_told_as_the_origins_failure()
    {
        using var refusing = new RefusingPort();
        await using var proxy = await ProxyUnderTest.StartAsync(
            refusing.Uri, SliceBytes, options => options with { MaxRetries = 0 });

        Assert.Equal(502, (await proxy.GetAsync("/file")).StatusCode);

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal(
            (502, ExchangeEnding.OriginFailed, refusing.Uri.ToString().TrimEnd('/')), (record.Status, record.Ending, record.Origin));
    }

    [Fact]
    public async Task Body_that_breaks_off_behind_the_head_is_told_as_the_origins_failure()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nCache-Control: no-store\r\n\r\n0123456789");
            await exchange.ResetAsync();
        });
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/none$"], MaxRetries = 0 });

        await Assert.ThrowsAsync<EndOfStreamException>(() => proxy.GetAsync("/page"));

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal((200, CacheDetail.NoStore, ExchangeEnding.OriginFailed), (record.Status, record.CacheDetail, record.Ending));
    }

    [Fact]
    public async Task Client_that_leaves_while_the_origin_thinks_is_told_as_such()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await gate.Task;
            await exchange.RespondAsync("200 OK", "late");
        });
        await using var proxy = await StartAsync(origin);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/file"));
            await origin.RequestsArrivedAsync(1);
            client.Abort();
        }

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal(("/file", 0, ExchangeEnding.ClientLeft, false), (record.Target, record.Status, record.Ending, record.HasFirstByte));
        gate.SetResult();
    }

    [Fact]
    public async Task Client_that_takes_nothing_is_told_as_too_slow()
    {
        var time = new FakeTimeProvider();
        await using var origin = ScriptedOrigin.Start(new RangeFile(1L << 30).AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64 << 10, time: time);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/huge"));
        await slow.ReadHeadAsync();

        await PassingTime.UntilAsync(time, () => proxy.Exchanges.Count > 0, "the send timeout passes");

        var record = Assert.Single(proxy.Exchanges);
        Assert.Equal((200, ExchangeEnding.ClientTooSlow), (record.Status, record.Ending));
        Assert.InRange(record.BodyBytes, 1, (1L << 30) - 1);
    }

    [Fact]
    public async Task Tunnel_is_told_at_its_end_with_what_the_origin_sent_in_it()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nhello");
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n");
            Assert.Equal("HTTP/1.1 101 Switching Protocols", (await client.ReadHeadAsync()).StatusLine);
            Assert.Equal("hello", Wire.Text(await client.ReadBytesAsync(5)));
        }

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal(
            ("/chat", 101, CacheResult.Bypass, 5L, ExchangeEnding.Complete, $"http://{origin.Authority}"),
            (record.Target, record.Status, record.CacheResult, record.BodyBytes, record.Ending, record.Origin));
    }

    // The head is ready, and leaves with the first byte of its body only.
    [Fact]
    public async Task Client_that_leaves_before_the_missing_slice_of_a_known_object_was_sent_nothing()
    {
        var file = new RangeFile(20);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await (exchange.Request.Number == 1 ? Task.CompletedTask : exchange.WaitAsync(gate.Task));
            await file.AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-3");
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=8-9"));
            await origin.RequestsArrivedAsync(2);
            client.Abort();
        }

        var record = (await FinishedAsync(proxy, 2))[1];
        Assert.Equal((0, 0L, ExchangeEnding.ClientLeft, false), (record.Status, record.BodyBytes, record.Ending, record.HasFirstByte));
        Assert.Equal(1, await proxy.MetricAsync("time_to_first_byte_seconds_count"));
        gate.SetResult();
    }

    [Fact]
    public async Task Body_of_a_request_that_is_too_large_is_told_as_refused()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "body"));
        await using var proxy = await StartAsync(
            origin, options => options with { Limits = options.Limits with { RequestBodyBytes = 4 } });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /thing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
        Assert.Equal(413, (await client.ReadResponseAsync("PUT")).StatusCode);

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal(("PUT", "/thing", 413, ExchangeEnding.Refused), (record.Method, record.Target, record.Status, record.Ending));
    }

    // The head leaves with the first bytes of the body. With a clock that stands still between, both times are exact.
    [Fact]
    public async Task Times_are_from_the_request_head_to_the_response_head_and_to_the_last_byte()
    {
        var time = new FakeTimeProvider();
        var hasHead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            await exchange.SendAsync(
                "HTTP/1.1 206 Partial Content\r\nETag: \"v\"\r\nContent-Range: bytes 0-7/8\r\nContent-Length: 8\r\n\r\n0123");
            await hasHead.Task;
            time.Advance(TimeSpan.FromSeconds(3));
            await exchange.SendAsync("4567");
        });
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadHeadAsync();
        await client.ReadBytesAsync(4);
        hasHead.SetResult();
        await client.ReadBytesAsync(4);

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)), (record.TimeToFirstByte, record.Duration));
    }

    // An ordinary way for a cold download to end.
    [Fact]
    public async Task Client_that_leaves_in_the_middle_of_a_slice_is_told_with_what_it_got()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(
                "HTTP/1.1 206 Partial Content\r\nETag: \"v\"\r\nContent-Range: bytes 0-7/8\r\nContent-Length: 8\r\n\r\n01234");
            await exchange.WaitAsync(new TaskCompletionSource().Task);
        });
        await using var proxy = await StartAsync(origin);
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/file"));
            await client.ReadHeadAsync();
            await client.ReadBytesAsync(5);
            client.Abort();
        }

        var record = Assert.Single(await FinishedAsync(proxy, 1));
        Assert.Equal((200, 5L, ExchangeEnding.ClientLeft), (record.Status, record.BodyBytes, record.Ending));
        Assert.Equal(5, await proxy.MetricAsync("bytes_to_client_total"));
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, configure);

    private static async Task<IReadOnlyList<RecordedExchange>> FinishedAsync(ProxyUnderTest proxy, int count)
    {
        await Eventually.TrueAsync(() => proxy.Exchanges.Count >= count, () => $"{proxy.Exchanges.Count} of {count} records");
        return proxy.Exchanges;
    }

    // What a clock or the kernel chooses is left out.
    private static RecordedExchange Bare(RecordedExchange record) =>
        record with { HasClient = false, HasFirstByte = false, TimeToFirstByte = null, Duration = null };
}
