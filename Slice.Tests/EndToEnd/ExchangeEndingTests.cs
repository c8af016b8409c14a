using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>An exchange that ends early is told by its cause, not by whoever noticed first.</summary>
public sealed class ExchangeEndingTests
{
    private readonly FakeTimeProvider _time = new();

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

    private static async Task<RecordedExchange> OnlyOneAsync(ProxyUnderTest proxy)
    {
        await Eventually.TrueAsync(() => proxy.Exchanges.Count > 0, () => "a record");
        return Assert.Single(proxy.Exchanges);
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8, configure, _time);
}
