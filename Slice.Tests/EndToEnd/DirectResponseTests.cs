using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Answers that are not sliced and pass straight to the client who asked: what becomes of them when one of the two ends goes.
/// </summary>
public sealed class DirectResponseTests
{
    [Fact]
    public async Task Client_that_leaves_while_the_origin_is_silent_ends_the_exchange()
    {
        var originSawTheEnd = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 1000000\r\n\r\nfirst bytes");
            await exchange.ClientClosedAsync();
            originSawTheEnd.SetResult();
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 16, options => options with { SlicePatterns = ["^/big/"] });
        using (RawClient client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/file"));
            await client.ReadHeadAsync();
            await client.ReadBytesAsync("first bytes".Length);
            client.Abort();
        }

        await Deadline.WithinAsync(originSawTheEnd.Task, "the connection to the origin ends");
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("active_requests") == 0, () => "no request is left");
        Assert.DoesNotContain(proxy.Log, line => line.Contains("the origin failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Body_that_breaks_off_is_logged_and_never_looks_whole()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 1000000\r\n\r\nfirst bytes");
            await exchange.CloseAsync();
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 16, options => options with { SlicePatterns = ["^/big/"] });
        using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        RawResponse response = await client.ReadEndingAsync();

        Assert.NotEqual(ResponseEnding.Complete, response.Ending);
        Assert.Contains(
            proxy.Log,
            line => line.Contains("the origin failed", StringComparison.Ordinal) && line.Contains("/file", StringComparison.Ordinal));
    }
}
