using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The turns at the origin are shared out fairly (B54).</summary>
[Trait("Behaviour", "B54")]
public sealed class OriginTurnTests
{
    private const int Limit = 4;

    private readonly TaskCompletionSource _never = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RangeFile _file = new(1000);
    private int _abandoned;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Slow_urls_whose_clients_have_left_hold_up_nobody(bool isSliced)
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 64 << 10, options => With(options, isSliced));
        for (int index = 0; index < Limit; index++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request("GET", $"/slow?{index}"));
            await origin.RequestsArrivedAsync(index + 1);
            client.Abort();
        }

        await Eventually.TrueAsync(() => Volatile.Read(ref _abandoned) == Limit, "the requests at the origin to end");
        var good = await proxy.GetAsync("/good");

        Assert.Equal(200, good.StatusCode);
        Assert.Equal(_file.LengthBytes, good.Body.Length);
        _never.SetResult();
    }

    [Fact]
    public async Task Slow_urls_whose_clients_wait_hold_up_others_for_a_moment_only()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 64 << 10, options => With(options, isSliced: true));
        var slow = Enumerable.Range(0, Limit).Select(index => proxy.GetAsync($"/slow?{index}")).ToArray();
        await origin.RequestsArrivedAsync(Limit);

        var good = await proxy.GetAsync("/good");

        Assert.Equal(200, good.StatusCode);
        Assert.All(slow, request => Assert.False(request.IsCompleted));
        _never.SetResult();
        Assert.All(await Task.WhenAll(slow), response => Assert.Equal(200, response.StatusCode));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("HEAD")]
    public async Task What_is_passed_through_waits_for_its_turn_and_is_told_when_to_come_back(string method)
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            64 << 10,
            options => options with
            {
                Limits = options.Limits with { MaxPassthroughRequests = 1 },
                Timeouts = options.Timeouts with { OriginQueue = TimeSpan.FromMilliseconds(200) },
            });
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);
        await first.SendAsync("POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        await origin.RequestsArrivedAsync(1);

        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        await second.SendAsync($"{method} /good HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        var refused = await second.ReadResponseAsync(method);

        Assert.Equal(503, refused.StatusCode);
        Assert.Equal("5", refused.Field("Retry-After"));
        Assert.Equal(
            method == "HEAD" ? "" : "503 too many requests are passed through (limits.max_passthrough_requests): origin_queue_timeout\n",
            refused.BodyText);
        Assert.Equal(1, origin.RequestCount);
        _never.SetResult();
        Assert.Equal(200, (await first.ReadResponseAsync()).StatusCode);
        await second.SendAsync($"{method} /good HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(200, (await second.ReadResponseAsync(method)).StatusCode);
    }

    private static SliceOptions With(SliceOptions options, bool isSliced) => options with
    {
        SlicePatterns = isSliced ? [] : ["^/none$"],
        Limits = options.Limits with { MaxOriginRequests = Limit },
    };

    private async Task AnswerAsync(OriginExchange exchange)
    {
        if (exchange.Request.Target.StartsWith("/slow", StringComparison.Ordinal))
        {
            var closed = exchange.ClientClosedAsync();
            if (await Task.WhenAny(_never.Task, closed) == closed)
            {
                Interlocked.Increment(ref _abandoned);
                return;
            }
        }

        await _file.AnswerAsync(exchange);
    }
}
