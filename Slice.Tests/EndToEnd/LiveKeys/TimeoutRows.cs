using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>Timeouts: whoever is late is late under the new value alone.</summary>
internal static class TimeoutRows
{
    private const int ByteOfBody = 1;

    /// <summary>The rows.</summary>
    public static IReadOnlyList<LiveKeyRow> All { get; } =
    [
        LiveKeyRow.OfWait("timeouts.first_byte", SilentOriginAsync),
        LiveKeyRow.OfWait("timeouts.between_bytes", PausingOriginAsync),
        LiveKeyRow.OfWait("timeouts.subrequest_total", PausingOriginAsync),
        LiveKeyRow.OfWait("timeouts.origin_queue", BusyOriginAsync) with { With = [("limits.max_origin_requests", "1")] },
        LiveKeyRow.OfWait("timeouts.request_head", UnfinishedHeadAsync),
        LiveKeyRow.OfWait("timeouts.request_body", UnfinishedBodyAsync),
        LiveKeyRow.OfWait("timeouts.keep_alive", IdleConnectionAsync),
        LiveKeyRow.OfWait("timeouts.send", ClientThatDoesNotReadAsync),
        LiveKeyRow.OfWait("timeouts.half_closed", ClientThatHasSentItsEndAsync),
        LiveKeyRow.OfWait("timeouts.tunnel", SilentTunnelAsync),

        // An instance stops once, so only the new value can be seen at work: under the old one the test's own deadline would pass first.
        new("timeouts.shutdown", "1d", "50ms", StopAsync),
        new("timeouts.drain_delay", "1d", "0s", DrainAsync),
    ];

    private static TaskCompletionSource NewGate() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static async Task<LiveKeyWait> SilentOriginAsync(LiveKeyBed bed)
    {
        var gate = NewGate();
        bed.File.Fault = _ => new RangeFault { HeadGate = gate.Task };
        int asked = bed.Origin.RequestCount;
        var response = bed.GetAsync(bed.NewTarget(), "Range: bytes=0-0");
        await bed.Origin.RequestsArrivedAsync(asked + 1);
        return new(
            async () =>
            {
                gate.SetResult();
                Assert.Equal(206, (await response).StatusCode);
            },
            async () => Assert.Equal(504, (await bed.PassUntilAsync(response)).StatusCode));
    }

    private static async Task<LiveKeyWait> PausingOriginAsync(LiveKeyBed bed)
    {
        var gate = NewGate();
        bed.File.Fault = _ => new RangeFault { PauseAfterBytes = ByteOfBody, BodyGate = gate.Task };
        int asked = bed.Origin.RequestCount;
        var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", bed.NewTarget(), "Range: bytes=0-99"));
        var response = client.ReadEndingAsync();
        await bed.Origin.RequestsArrivedAsync(asked + 1);
        return new(
            async () =>
            {
                gate.SetResult();
                Assert.Equal((ResponseEnding.Complete, 100), ((await response).Ending, (await response).BodyBytes));
                client.Dispose();
            },
            async () =>
            {
                Assert.Equal(ResponseEnding.CutByClose, (await bed.PassUntilAsync(response)).Ending);
                client.Dispose();
            });
    }

    // There is no room at the origin.
    private static async Task<LiveKeyWait> BusyOriginAsync(LiveKeyBed bed)
    {
        var gate = NewGate();
        await bed.OccupyOriginAsync(gate.Task);
        var second = bed.GetAsync(bed.NewTarget(), "Range: bytes=0-0");
        return new(
            async () => await EndAsync(206),
            async () =>
            {
                await bed.PassUntilAsync(second);
                await EndAsync(503);
            });

        async Task EndAsync(int status)
        {
            gate.SetResult();
            Assert.Equal(status, (await second).StatusCode);
        }
    }

    private static async Task<LiveKeyWait> UnfinishedHeadAsync(LiveKeyBed bed)
    {
        await bed.Client.SendAsync("GET /health HTTP/1.1\r\n");
        return new(
            async () =>
            {
                await bed.Client.SendAsync("Host: x\r\n\r\n");
                Assert.Equal(200, (await bed.Client.ReadResponseAsync()).StatusCode);
            },
            async () => Assert.Equal(408, (await bed.PassUntilAsync(bed.Client.ReadResponseAsync())).StatusCode));
    }

    private static async Task<LiveKeyWait> UnfinishedBodyAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = async exchange =>
        {
            await exchange.ReadBodyAsync();
            await exchange.RespondAsync("200 OK");
        };
        int asked = bed.Origin.RequestCount;
        await bed.Client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx");
        await bed.Origin.RequestsArrivedAsync(asked + 1);
        return new(
            async () =>
            {
                await bed.Client.SendAsync("y");
                Assert.Equal(200, (await bed.Client.ReadResponseAsync()).StatusCode);
            },
            async () => Assert.Equal(408, (await bed.PassUntilAsync(bed.Client.ReadResponseAsync())).StatusCode));
    }

    private static async Task<LiveKeyWait> IdleConnectionAsync(LiveKeyBed bed)
    {
        await GetAsync();
        return new(
            GetAsync,
            async () => Assert.Equal("", await bed.PassUntilAsync(bed.Client.ReadToCloseAsync())));

        async Task GetAsync()
        {
            await bed.Client.SendAsync(RawClient.Request("GET", "/health"));
            Assert.Equal(200, (await bed.Client.ReadResponseAsync()).StatusCode);
        }
    }

    private static async Task<LiveKeyWait> ClientThatDoesNotReadAsync(LiveKeyBed bed)
    {
        const int Read = 1 << 20;
        bed.File.LengthBytes = 1L << 30;
        long sent = bed.File.ContentBytesSent;
        var slow = await RawClient.ConnectAsync(bed.Proxy.EndPoint, receiveBufferBytes: 64 << 10);
        await slow.SendAsync(RawClient.Request("GET", bed.NewTarget()));
        await slow.ReadHeadAsync();
        await Settled.RisingAsync(() => bed.File.ContentBytesSent - sent, "bytes sent by the origin");
        return new(
            async () =>
            {
                Assert.Equal(TestContent.Bytes(0, Read, bed.File.Seed), await slow.ReadBytesAsync(Read));
                slow.Abort();
                await bed.PassUntilIdleAsync();
            },
            async () =>
            {
                await bed.PassUntilIdleAsync();
                await slow.ExpectResetAsync();
                slow.Dispose();
            });
    }

    private static async Task<LiveKeyWait> ClientThatHasSentItsEndAsync(LiveKeyBed bed)
    {
        var gate = NewGate();
        bed.File.Fault = _ => new RangeFault { HeadGate = gate.Task };
        int asked = bed.Origin.RequestCount;
        var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", bed.NewTarget(), "Range: bytes=0-0"));
        await bed.Origin.RequestsArrivedAsync(asked + 1);
        client.FinishSending();
        return new(
            async () =>
            {
                gate.SetResult();
                Assert.Equal(206, (await client.ReadResponseAsync()).StatusCode);
                client.Dispose();
            },
            async () =>
            {
                await bed.PassUntilIdleAsync();
                await client.ExpectResetAsync();
                client.Dispose();
            });
    }

    private static async Task<LiveKeyWait> SilentTunnelAsync(LiveKeyBed bed)
    {
        var gate = NewGate();
        bed.Origin.Answer = async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            await exchange.WaitAsync(gate.Task);
            await exchange.SendAsync("pong");
            await exchange.ClientClosedAsync();
        };
        var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", bed.NewTarget(), "Connection: Upgrade", "Upgrade: websocket"));
        Assert.Equal(101, (await client.ReadHeadAsync()).StatusCode);
        return new(
            async () =>
            {
                gate.SetResult();
                Assert.Equal("pong", Wire.Text(await client.ReadBytesAsync(4)));
                client.Dispose();
            },
            async () =>
            {
                await bed.PassUntilIdleAsync();
                await client.ExpectResetAsync();
                client.Dispose();
            });
    }

    // The download has begun under the old value, and the stop goes by the new one.
    private static async Task StopAsync(LiveKeyBed bed)
    {
        bed.File.Fault = _ => new RangeFault { PauseAfterBytes = ByteOfBody, BodyGate = NewGate().Task };
        using var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", bed.NewTarget(), "Range: bytes=0-99"));
        await client.ReadHeadAsync();
        bed.Reload();

        var stopping = bed.Proxy.Instance.StopAsync();

        await client.ExpectResetAsync();
        await Deadline.WithinAsync(stopping, "the proxy stops");
    }

    private static async Task DrainAsync(LiveKeyBed bed)
    {
        bed.Reload();

        bed.Proxy.Instance.BeginDraining();

        // The idle connection of the bed has a moment for a last request, by the clock of the bed.
        var stopped = bed.Proxy.Instance.WaitForShutdownAsync();
        await PassingTime.UntilAsync(bed.Time, () => stopped.IsCompleted, "the proxy stops");
    }
}
