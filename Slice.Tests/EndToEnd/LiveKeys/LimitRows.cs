using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.LiveKeys;

/// <summary>Limits: the same request is within the old value and beyond the new one.</summary>
internal static class LimitRows
{
    /// <summary>The rows.</summary>
    public static IReadOnlyList<LiveKeyRow> All { get; } =
    [
        LiveKeyRow.OfAct("limits.max_origin_requests", "1", "2", SecondRequestAsync, "in vain", "at the origin") with
        {
            With = [("timeouts.origin_queue", "1s")],
        },
        LiveKeyRow.OfAct("limits.max_passthrough_requests", "1", "2", SecondUploadAsync, "in vain", "at the origin") with
        {
            With = [("timeouts.origin_queue", "1s")],
        },
        LiveKeyRow.OfAct(
            "limits.max_ranges", "3", "2", bed => StatusAsync(bed, bed.NewTarget(), "Range: bytes=0-999,3000-3999,6000-6999"),
            "206", "200"),
        LiveKeyRow.OfAct(
            "limits.request_target", "8KiB", "256", bed => StatusAsync(bed, bed.NewTarget("/" + new string('a', 300))), "200", "414"),
        LiveKeyRow.OfAct(
            "limits.request_head", "32KiB", "1KiB", bed => StatusAsync(bed, bed.NewTarget(), "A: " + new string('b', 2000)), "200", "431")
            with { With = [("limits.request_target", "512")] },
        LiveKeyRow.OfAct(
            "limits.request_fields", "100", "8", bed => StatusAsync(bed, bed.NewTarget(), [.. Enumerable.Repeat("A: b", 10)]),
            "200", "431"),
        LiveKeyRow.OfAct("limits.request_body", "4", "3", UploadAsync, "200", "413"),
        LiveKeyRow.OfAct("limits.per_client.connections", "0", "1", TwoConnectionsAsync, "200 200", "200 429"),
        LiveKeyRow.OfAct("limits.per_client.requests_per_second", "0", "1", ManyRequestsAsync, "none refused", "some refused"),
        LiveKeyRow.OfAct("limits.per_client.bytes_per_second", "0", "1KiB", DownloadAsync, "whole", "under way"),
        new("limits.min_send_rate", "0", "1GiB", SlowReaderAsync) { With = [("timeouts.send", "60s")] },
        LiveKeyRow.OfAct("limits.min_receive_rate", "0", "1GiB", SlowUploadAsync, "200", "408") with
        {
            With = [("timeouts.request_body", "60s")],
        },
    ];

    private static async Task<string> TwoConnectionsAsync(LiveKeyBed bed)
    {
        using var first = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await first.SendAsync(RawClient.Request("GET", bed.NewTarget()));
        int status = (await first.ReadResponseAsync()).StatusCode;
        int next = (await bed.GetAsync(bed.NewTarget())).StatusCode;
        return string.Create(CultureInfo.InvariantCulture, $"{status} {next}");
    }

    // Forty-nine seconds' worth at one per second.
    private static async Task<string> ManyRequestsAsync(LiveKeyBed bed)
    {
        const int Requests = 50;
        await bed.Client.SendAsync(string.Concat(Enumerable.Repeat(RawClient.Request("GET", bed.NewTarget()), Requests)));
        int refused = 0;
        for (int request = 0; request < Requests; request++)
        {
            refused += (await bed.Client.ReadResponseAsync()).StatusCode == 429 ? 1 : 0;
        }

        return refused == 0 ? "none refused" : "some refused";
    }

    // 64 KiB are a minute's worth at 1 KiB per second. A client at another address, which has bytes of its own, is answered meanwhile.
    private static async Task<string> DownloadAsync(LiveKeyBed bed)
    {
        bed.File.LengthBytes = 64 << 10;
        using var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", bed.NewTarget()));
        await client.ReadBytesAsync(1);
        if (!bed.IsReloaded)
        {
            await client.ReadBytesAsync(64 << 10);
            return "whole";
        }

        var download = client.ReadBytesAsync(64 << 10);
        for (int probe = 0; probe < 3; probe++)
        {
            using var other = await RawClient.ConnectFromAsync(IPAddress.Parse("127.0.0.2"), bed.Proxy.EndPoint);
            await other.SendAsync(RawClient.Request("GET", "/health"));
            Assert.Equal(200, (await other.ReadResponseAsync()).StatusCode);
        }

        bool isUnderWay = !download.IsCompleted;
        client.Abort();
        await download.ContinueWith(_ => { }, TaskScheduler.Default);
        return isUnderWay ? "under way" : "whole";
    }

    // On the connection from before the reload: its parser and its deadlines have to change too.
    private static async Task<string> StatusAsync(LiveKeyBed bed, string target, params string[] fields)
    {
        await bed.Client.SendAsync(RawClient.Request("GET", target, fields));
        return (await bed.Client.ReadResponseAsync()).StatusCode.ToString(CultureInfo.InvariantCulture);
    }

    // While slow bodies have all the room that the first value gives, another request arrives at the origin, or waits in vain.
    private static async Task<string> SecondRequestAsync(LiveKeyBed bed)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await bed.OccupyOriginAsync(gate.Task);
        int asked = bed.Origin.RequestCount;
        var next = bed.GetAsync(bed.NewTarget(), "Range: bytes=0-0");
        if (bed.IsReloaded)
        {
            await bed.Origin.RequestsArrivedAsync(asked + 1);
        }
        else
        {
            await bed.PassUntilAsync(next);
        }

        bool isAtOrigin = bed.Origin.RequestCount == asked + 1;
        gate.SetResult();
        Assert.Equal(isAtOrigin ? 206 : 503, (await next).StatusCode);
        return isAtOrigin ? "at the origin" : "in vain";
    }

    // While one request that is passed through is at the origin, another one arrives there, or waits in vain.
    private static async Task<string> SecondUploadAsync(LiveKeyBed bed)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.Origin.Answer = async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await exchange.RespondAsync("200 OK");
        };
        int asked = bed.Origin.RequestCount;
        var first = bed.SendAsync("DELETE", bed.NewTarget());
        await bed.Origin.RequestsArrivedAsync(asked + 1);
        var second = bed.SendAsync("DELETE", bed.NewTarget());
        if (bed.IsReloaded)
        {
            await bed.Origin.RequestsArrivedAsync(asked + 2);
        }
        else
        {
            await bed.PassUntilAsync(second);
        }

        bool isAtOrigin = bed.Origin.RequestCount == asked + 2;
        gate.SetResult();
        Assert.Equal((200, isAtOrigin ? 200 : 503), ((await first).StatusCode, (await second).StatusCode));
        return isAtOrigin ? "at the origin" : "in vain";
    }

    private static async Task<string> UploadAsync(LiveKeyBed bed)
    {
        bed.Origin.Answer = async exchange =>
        {
            await exchange.ReadBodyAsync();
            await exchange.RespondAsync("200 OK");
        };
        await bed.Client.SendAsync("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
        return (await bed.Client.ReadResponseAsync()).StatusCode.ToString(CultureInfo.InvariantCulture);
    }

    // 4,096 bytes per second: without a rate that is enough for longer than the timeout, and under a rate of 1 GiB it is not.
    private static async Task SlowReaderAsync(LiveKeyBed bed)
    {
        bed.File.LengthBytes = 1L << 30;
        using var patient = await BeginSlowlyAsync(bed);
        for (int second = 0; second < 120; second++)
        {
            await ReadForSecondAsync(bed, patient);
        }

        Assert.Equal(1, bed.Proxy.Instance.Parts.Meter.ActiveRequests.Value);
        patient.Abort();
        await Eventually.TrueAsync(() => bed.Proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "the client's end is noticed");
        bed.Reload();
        using var impatient = await BeginSlowlyAsync(bed);
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            for (int second = 0; second < 2000; second++)
            {
                await ReadForSecondAsync(bed, impatient);
            }
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static async Task<RawClient> BeginSlowlyAsync(LiveKeyBed bed)
    {
        long sent = bed.File.ContentBytesSent;
        var client = await RawClient.ConnectAsync(bed.Proxy.EndPoint, receiveBufferBytes: 4 << 10);
        await client.SendAsync(RawClient.Request("GET", bed.NewTarget()));
        await client.ReadHeadAsync();
        await Settled.RisingAsync(() => bed.File.ContentBytesSent - sent, "bytes sent by the origin");
        return client;
    }

    private static async Task ReadForSecondAsync(LiveKeyBed bed, RawClient client)
    {
        await client.ReadBytesAsync(4096);
        bed.Time.Advance(TimeSpan.FromSeconds(1));
    }

    // A byte every 50 of 60 seconds: without a rate each byte earns all of the time again, under a rate of 1 GiB none earns any.
    private static async Task<string> SlowUploadAsync(LiveKeyBed bed)
    {
        const int Bytes = 20;
        using var arrivals = new SemaphoreSlim(0);
        bed.Origin.Answer = async exchange =>
        {
            for (int piece = 0; piece < Bytes; piece++)
            {
                await exchange.ReadByteAsync();
                arrivals.Release();
            }

            await exchange.RespondAsync("200 OK");
        };
        await bed.Client.SendAsync(RawClient.Request("PUT", bed.NewTarget(), $"Content-Length: {Bytes}"));
        var response = bed.Client.ReadResponseAsync();
        for (int piece = 0; piece < Bytes && !response.IsCompleted; piece++)
        {
            await bed.Client.SendAsync("x");
            await Task.WhenAny(response, arrivals.WaitAsync(TestContext.Current.CancellationToken));
            bed.Time.Advance(TimeSpan.FromSeconds(50));
        }

        return (await response).StatusCode.ToString(CultureInfo.InvariantCulture);
    }
}
