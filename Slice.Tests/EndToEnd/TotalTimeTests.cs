using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>An origin that sends a little again and again: a slice has a total time, what is passed through has none (B20).</summary>
public sealed class TotalTimeTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly TaskCompletionSource[] _gates = [new(), new()];

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Slice_that_trickles_past_its_total_time_is_resumed_at_the_byte_reached()
    {
        var file = new RangeFile(8);
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Number == 1 ? TrickleAsync(exchange) : file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin, maxRetries: 1);
        var response = proxy.GetAsync("/file");

        await TrickledAsync(proxy);

        Assert.Equal(TestContent.Bytes(0, 8, file.Seed), (await PassingTime.UntilAsync(_time, response, "an answer")).Body);
        Assert.Equal([(0L, 7L), (2L, 7L)], origin.Requests.Select(request => request.Range!.Value));
        Assert.Equal("\"v1\"", origin.Requests[1].Field("If-Match"));
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Total_time_is_named_when_no_retry_is_left()
    {
        await using var origin = ScriptedOrigin.Start(TrickleAsync);
        await using var proxy = await StartAsync(origin, maxRetries: 0);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        await TrickledAsync(proxy);

        Assert.Equal(ResponseEnding.CutByClose, (await PassingTime.UntilAsync(_time, client.ReadEndingAsync(), "the end")).Ending);
        string line = Assert.Single(proxy.Log, line => line.Contains("fetch_failed", StringComparison.Ordinal));
        Assert.Contains("http_response_timeout", line, StringComparison.Ordinal);
        Assert.Contains("not complete within 90 s", line, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task Head_of_a_slice_takes_no_longer_than_the_whole()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync());
        await using var proxy = await StartAsync(origin, maxRetries: 0, firstByteSeconds: 1000);

        var response = await PassingTime.UntilAsync(_time, proxy.GetAsync("/file"), "an answer");

        Assert.Equal(504, response.StatusCode);
        Assert.Contains(
            proxy.Log,
            line => line.Contains("no response head", StringComparison.Ordinal) && line.Contains("within 90 s", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B20")]
    public async Task What_is_passed_through_has_no_total_time()
    {
        await using var origin = ScriptedOrigin.Start(TrickleAsync);
        await using var proxy = await StartAsync(origin, maxRetries: 0);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("OPTIONS", "/file"));
        await client.ReadHeadAsync();
        await client.ReadBytesAsync(1);
        _time.Advance(TimeSpan.FromSeconds(59));
        _gates[0].SetResult();
        await client.ReadBytesAsync(1);
        _time.Advance(TimeSpan.FromSeconds(59));
        _gates[1].SetResult();

        Assert.Equal(TestContent.Bytes(2, 6, seed: 1), await client.ReadBytesAsync(6));
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    [Trait("Behaviour", "B20")]
    public async Task Body_of_many_slices_from_an_origin_without_ranges_has_no_total_time()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 24\r\n\r\n");
            await exchange.SendAsync(TestContent.Bytes(0, 9, seed: 1));
            await exchange.WaitAsync(_gates[0].Task);
            await exchange.SendAsync(TestContent.Bytes(9, 8, seed: 1));
            await exchange.WaitAsync(_gates[1].Task);
            await exchange.SendAsync(TestContent.Bytes(17, 7, seed: 1));
        });
        await using var proxy = await StartAsync(origin, maxRetries: 0);
        var response = proxy.GetAsync("/file");
        var received = proxy.Instance.Parts.Meter.BytesFromOrigin;
        foreach (var (gate, bytes) in _gates.Zip([9, 17]))
        {
            await Eventually.TrueAsync(() => received.Value == bytes, $"{bytes} bytes");
            _time.Advance(TimeSpan.FromSeconds(59));
            gate.SetResult();
        }

        Assert.Equal(TestContent.Bytes(0, 24, seed: 1), (await response).Body);
    }

    // One byte, another one, and then the rest, each when its gate opens.
    private async Task TrickleAsync(OriginExchange exchange)
    {
        await exchange.SendAsync(exchange.Request.Range is null
            ? "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n"
            : "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-7/8\r\nContent-Length: 8\r\n\r\n");
        byte[] content = TestContent.Bytes(0, 8, seed: 1);
        await exchange.SendAsync(content.AsMemory(0, 1));
        await exchange.WaitAsync(_gates[0].Task);
        await exchange.SendAsync(content.AsMemory(1, 1));
        await exchange.WaitAsync(_gates[1].Task);
        await exchange.SendAsync(content.AsMemory(2));
    }

    // The second byte has come after 59 of 90 s.
    private async Task TrickledAsync(ProxyUnderTest proxy)
    {
        var received = proxy.Instance.Parts.Meter.BytesFromOrigin;
        await Eventually.TrueAsync(() => received.Value == 1, "the first byte");
        _time.Advance(TimeSpan.FromSeconds(59));
        _gates[0].SetResult();
        await Eventually.TrueAsync(() => received.Value == 2, "the second byte");
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, int maxRetries, int firstByteSeconds = 60) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceSizeBytes: 8,
        options => options with
        {
            MaxRetries = maxRetries,
            Timeouts = new TimeoutOptions
            {
                FirstByte = TimeSpan.FromSeconds(firstByteSeconds),
                BetweenBytes = TimeSpan.FromSeconds(60),
                SubrequestTotal = TimeSpan.FromSeconds(90),
            },
        },
        _time);
}
