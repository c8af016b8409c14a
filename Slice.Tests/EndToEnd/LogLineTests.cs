using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Lines that an operator looks for when something is wrong.</summary>
public sealed class LogLineTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    [Fact]
    public async Task Outage_has_a_line_at_once_and_one_for_all_that_follow_within_a_second()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.CloseAsync());
        await using var proxy = await StartAsync(origin);
        for (int request = 0; request < 20; request++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
            Assert.Equal(502, (await client.ReadResponseAsync()).StatusCode);
        }

        Assert.Single(proxy.Log, line => line.StartsWith("Warning origin_failed ", StringComparison.Ordinal));
        _time.Advance(TimeSpan.FromSeconds(1));
        string address = origin.Uri.ToString().TrimEnd('/');
        Assert.Contains(
            $"Warning repeated the same again within a second: origin_failed {address} connection_terminated 19", proxy.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Upload_that_the_client_breaks_off_has_a_line(bool isReset)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync(), readsBodies: false);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PUT /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
        await origin.RequestsArrivedAsync(1);
        if (isReset)
        {
            client.Abort();
        }
        else
        {
            client.FinishSending();
        }

        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.StartsWith(
                "Information upload_cut a client broke its upload off: /upload 127.0.0.1 ", StringComparison.Ordinal)),
            () => string.Join('\n', proxy.Log));
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) =>
        ProxyUnderTest.StartAsync(origin.Uri, 100, options => options with { MaxRetries = 0 }, _time);
}
