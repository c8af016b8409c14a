using System.Net.Sockets;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Nothing that a client does, or asks an origin to answer, lets an address of the origin rest (B21). One failure is enough for a rest
/// here, so a single request that counted would show.
/// </summary>
public sealed class ClientFaultTests
{
    private const int Times = 4;

    [Theory]
    [Trait("Behaviour", "B21")]
    [InlineData("Content-Length: 1000\r\n\r\nhalf", false)]
    [InlineData("Content-Length: 1000\r\n\r\nhalf", true)]
    [InlineData("Content-Length: 1000\r\n\r\n", true)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", false)]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", true)]
    [InlineData("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", true)]
    public async Task Client_that_leaves_in_the_middle_of_its_upload_is_not_the_origins_failure(string upload, bool isReset)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ClientClosedAsync(), readsBodies: false);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        for (int time = 1; time <= Times; time++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\n" + upload);

            // The head goes out with the first bytes of the body.
            await (upload.EndsWith("\r\n\r\n", StringComparison.Ordinal)
                ? Eventually.TrueAsync(() => proxy.Composition.Parts.Meter.ActiveRequests.Value == 1, () => "the request")
                : origin.RequestsArrivedAsync(time));
            if (isReset)
            {
                client.Abort();
            }
            else
            {
                client.FinishSending();
                await client.ReadToCloseAsync();
            }

            await SettledAsync(proxy);
        }

        await AssertNoRestAsync(proxy, origin);
        Assert.DoesNotContain(proxy.Log, line => line.Contains("origin_failed", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B21")]
    public async Task Upload_that_the_origin_answers_early_is_not_its_failure()
    {
        await using var origin = ScriptedOrigin.Start(
            async exchange =>
            {
                await exchange.SendAsync("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                await exchange.ResetAsync();
            },
            readsBodies: false);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        for (int time = 1; time <= Times; time++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 67108864\r\n\r\n");
            await SendUntilAnsweredAsync(client, proxy);
        }

        await AssertNoRestAsync(proxy, origin);
    }

    [Theory]
    [Trait("Behaviour", "B21")]
    [InlineData("HTTP/1.1 200 OK\r\nContent_Length: 5\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n")]
    public async Task Odd_response_head_is_refused_and_lets_nobody_rest(string answer)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(answer));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        for (int time = 1; time <= Times; time++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
            Assert.Equal(502, (await client.ReadResponseAsync()).StatusCode);
        }

        await AssertNoRestAsync(proxy, origin);
    }

    [Theory]
    [Trait("Behaviour", "B21")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connection_that_the_origin_closes_between_two_requests_is_not_its_failure(bool isReset)
    {
        // The second request on a connection meets its end: the origin had closed it, as origins do, when the request was on its way.
        var connections = new HashSet<int>();
        await using var origin = ScriptedOrigin.Start(exchange =>
            connections.Add(exchange.Request.ConnectionNumber) ? exchange.RespondAsync("200 OK", "done")
                : isReset ? exchange.ResetAsync()
                : exchange.CloseAsync());
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int time = 1; time <= Times; time++)
        {
            await client.SendAsync("POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
            Assert.Equal(time % 2 == 0 ? 502 : 200, (await client.ReadResponseAsync()).StatusCode);
        }

        await AssertNoRestAsync(proxy, origin);
    }

    // More than the buffers on the way hold, or an answer: whichever comes first.
    private static async Task SendUntilAnsweredAsync(RawClient client, ProxyUnderTest proxy)
    {
        try
        {
            byte[] piece = new byte[1 << 20];
            for (int sent = 0; sent < 64; sent++)
            {
                await client.SendAsync(piece);
            }
        }
        catch (SocketException)
        {
            // The proxy had enough of it.
        }

        await SettledAsync(proxy);
    }

    private static Task SettledAsync(ProxyUnderTest proxy) =>
        Eventually.TrueAsync(() => proxy.Composition.Parts.Meter.ActiveRequests.Value == 0, () => "the request's end");

    private static async Task AssertNoRestAsync(ProxyUnderTest proxy, ScriptedOrigin origin)
    {
        Assert.DoesNotContain(proxy.Log, line => line.Contains("origin_rests", StringComparison.Ordinal));
        Assert.Equal(1, await proxy.MetricAsync($"origin_healthy{{address=\"http://{origin.Authority}\"}}"));
    }
}
