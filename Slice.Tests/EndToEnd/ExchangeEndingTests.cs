using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>An exchange that ends early is told by its cause, not by whoever noticed first: a tunnel, an upload, a slow client.</summary>
public sealed class ExchangeEndingTests
{
    private const string AskingForChat = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";
    private const string SwitchingToChat = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n";

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FakeTimeProvider _time = new();

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Tunnel_that_the_origin_resets_is_told_as_the_origins_failure()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(SwitchingToChat + "hello");
            await exchange.WaitAsync(_gate.Task);
            await exchange.ResetAsync();
        });
        await using var proxy = await StartAsync(origin);
        using var client = await OpenTunnelAsync(proxy);
        Assert.Equal("hello", Wire.Text(await client.ReadBytesAsync(5)));

        _gate.SetResult();

        await client.ExpectResetAsync();
        var record = await OnlyOneAsync(proxy);
        Assert.Equal(
            (101, 5L, ExchangeEnding.OriginFailed, $"http://{origin.Authority}"),
            (record.Status, record.BodyBytes, record.Ending, record.Origin));
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Tunnel_that_the_client_resets_is_told_as_the_client_that_left()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(SwitchingToChat);
            await exchange.WaitAsync(_gate.Task);
        });
        await using var proxy = await StartAsync(origin);
        using var client = await OpenTunnelAsync(proxy);

        client.Abort();

        Assert.Equal(ExchangeEnding.ClientLeft, (await OnlyOneAsync(proxy)).Ending);
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Tunnel_in_which_nobody_speaks_is_told_as_ended_by_a_limit_of_ours()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(SwitchingToChat);
            await exchange.WaitAsync(_gate.Task);
        });
        await using var proxy = await StartAsync(
            origin, Timeouts(timeouts => timeouts with { Tunnel = TimeSpan.FromSeconds(60) }));
        using var client = await OpenTunnelAsync(proxy);

        await PassingTime.UntilAsync(_time, () => proxy.Exchanges.Count > 0, "timeouts.tunnel passes");

        await client.ExpectResetAsync();
        Assert.Equal(ExchangeEnding.Failed, Assert.Single(proxy.Exchanges).Ending);
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    [Trait("Behaviour", "B40")]
    public async Task Tunnel_whose_client_takes_nothing_is_told_as_too_slow()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync(SwitchingToChat);
            while (true)
            {
                await exchange.SendAsync(new byte[64 << 10]);
            }
        });
        await using var proxy = await StartAsync(
            origin, Timeouts(timeouts => timeouts with { Tunnel = TimeSpan.FromDays(1) }));
        using var slow = await OpenTunnelAsync(proxy, receiveBufferBytes: 64 << 10);

        await PassingTime.UntilAsync(_time, () => proxy.Exchanges.Count > 0, "timeouts.send passes");

        Assert.Equal(ExchangeEnding.ClientTooSlow, Assert.Single(proxy.Exchanges).Ending);
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Request_body_that_falls_silent_is_told_as_a_client_that_is_too_slow()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(
            origin, Timeouts(timeouts => timeouts with { FirstByte = TimeSpan.FromDays(1) }));
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nx");
        await origin.RequestsArrivedAsync(1);

        Assert.Equal(
            408, (await PassingTime.UntilAsync(_time, client.ReadResponseAsync(), "timeouts.request_body passes")).StatusCode);

        var record = await OnlyOneAsync(proxy);
        Assert.Equal(("PUT", 408, ExchangeEnding.ClientTooSlow), (record.Method, record.Status, record.Ending));
    }

    private static Func<SliceOptions, SliceOptions> Timeouts(Func<TimeoutOptions, TimeoutOptions> configure) =>
        options => options with { Timeouts = configure(options.Timeouts) };

    private static async Task<RawClient> OpenTunnelAsync(ProxyUnderTest proxy, int? receiveBufferBytes = null)
    {
        var client = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes);
        await client.SendAsync(AskingForChat);
        Assert.Equal("HTTP/1.1 101 Switching Protocols", (await client.ReadHeadAsync()).StatusLine);
        return client;
    }

    private static async Task<RecordedExchange> OnlyOneAsync(ProxyUnderTest proxy)
    {
        await Eventually.TrueAsync(() => proxy.Exchanges.Count > 0, () => "a record");
        return Assert.Single(proxy.Exchanges);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8, configure, _time);
}
