using System.Diagnostics;
using System.Net.Sockets;

namespace Slice.Tests.Support;

public sealed class LatencyRelayTests
{
    [Fact]
    public async Task Answer_arrives_no_earlier_than_the_round_trip()
    {
        // A lower bound is a promise of the relay, not a race: however slow the machine, it only gets later.
        var roundTrip = TimeSpan.FromMilliseconds(30);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "x"));
        await using var relay = LatencyRelay.Start(origin.EndPoint, roundTrip);
        using RawClient client = await RawClient.ConnectAsync(relay.EndPoint);
        for (int request = 0; request < 3; request++)
        {
            long started = Stopwatch.GetTimestamp();
            await client.SendAsync(RawClient.Request("GET", "/"));
            await client.ReadResponseAsync();
            Assert.True(Stopwatch.GetElapsedTime(started) >= roundTrip);
        }

        Assert.Equal((3, 1), (origin.RequestCount, relay.ConnectionCount));
    }

    [Fact]
    public async Task Large_body_passes_unchanged()
    {
        var file = new RangeFile(32 << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var relay = LatencyRelay.Start(origin.EndPoint, TimeSpan.FromMilliseconds(1));
        using var sink = new VerifyingSink(file.Content);
        await RawClient.GetVerifiedAsync(relay.EndPoint, "/", sink, Deadline.Default);
        Assert.Equal(32 << 20, sink.Count);
    }

    [Fact]
    public async Task Pipelined_requests_wait_on_the_line_together()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.WaitAsync(gate.Task);
            await exchange.RespondAsync("200 OK", exchange.Request.Target);
        });
        await using var relay = LatencyRelay.Start(origin.EndPoint, TimeSpan.FromMilliseconds(1));
        using RawClient client = await RawClient.ConnectAsync(relay.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/1"));
        await client.SendAsync(RawClient.Request("GET", "/2"));
        await origin.RequestsArrivedAsync(1);
        gate.SetResult();
        Assert.Equal("/1", (await client.ReadResponseAsync()).BodyText);
        Assert.Equal("/2", (await client.ReadResponseAsync()).BodyText);
    }

    [Fact]
    public async Task Close_by_the_server_reaches_the_client_as_a_close()
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\n\r\nall");
            await exchange.CloseAsync();
        });
        await using var relay = LatencyRelay.Start(origin.EndPoint, TimeSpan.Zero);
        RawResponse response = await RawClient.GetAsync(relay.EndPoint, "/");
        Assert.Equal("all", response.BodyText);
    }

    [Fact]
    public async Task Reset_by_the_server_reaches_the_client_as_a_reset()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.ResetAsync());
        await using var relay = LatencyRelay.Start(origin.EndPoint, TimeSpan.Zero);
        using RawClient client = await RawClient.ConnectAsync(relay.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await client.ExpectResetAsync();
    }

    [Fact]
    public async Task Disposal_frees_the_port()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        LatencyRelay relay = LatencyRelay.Start(origin.EndPoint, TimeSpan.Zero);
        using RawClient client = await RawClient.ConnectAsync(relay.EndPoint);
        await relay.DisposeAsync();
        await Assert.ThrowsAsync<SocketException>(() => RawClient.ConnectAsync(relay.EndPoint));
    }
}
