using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A client that takes its time, or leaves, holds its own window and nothing else (B33).</summary>
public sealed class SlowClientTests
{
    private const int SliceBytes = 64 << 10;
    private const int WindowSlices = 4;

    // Both kernel buffers of the client's connection at their largest (net.ipv4.tcp_wmem and tcp_rmem: 4 and 6 MiB by default).
    private const long MaxSocketBufferBytes = 10 << 20;

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Client_that_does_not_read_costs_the_origin_its_window_and_no_more()
    {
        var file = new RangeFile(1L << 30);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/huge"));
        Assert.Equal("1073741824", (await slow.ReadHeadAsync()).Field("Content-Length"));
        await Settled.RisingAsync(() => file.ContentBytesSent, "bytes sent by the origin");

        long askedFor = origin.RequestCount * (long)SliceBytes;
        Assert.InRange(askedFor, 1, MaxSocketBufferBytes + ((WindowSlices + 1) * SliceBytes));
        using var sink = new VerifyingSink(file.Content);
        await RawClient.GetVerifiedAsync(proxy.EndPoint, "/other", sink, Deadline.Default, $"Range: bytes=0-{(4 << 20) - 1}");

        // The slow one is still there and goes on where it stands, with the right bytes.
        Assert.Equal(TestContent.Bytes(0, 1 << 20, file.Seed), await slow.ReadBytesAsync(1 << 20));

        // The other has all of its bytes a moment before its request is over.
        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == 1, "one request is left");
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Client_that_stopped_reading_does_not_hold_up_others_of_the_same_object()
    {
        var file = new RangeFile(16 << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 4 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/file"));
        await slow.ReadHeadAsync();

        using var sink = new VerifyingSink(file.Content);
        await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);

        Assert.Equal(file.LengthBytes, sink.Count);
        Assert.Equal(file.LengthBytes, file.ContentBytesSent);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Clients_that_leave_leave_nothing_behind()
    {
        var file = new RangeFile(1L << 30);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, SliceBytes, options => options with { Limits = options.Limits with { MaxOriginRequests = 8 } });
        var meter = proxy.Instance.Parts.Meter;
        for (int client = 0; client < 20; client++)
        {
            using var leaving = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10);
            await leaving.SendAsync(RawClient.Request("GET", $"/huge{client}"));
            await leaving.ReadHeadAsync();
            leaving.Abort();
        }

        await Eventually.TrueAsync(
            () => meter.ActiveRequests.Value == 0, () => $"no active requests; there are {meter.ActiveRequests.Value}");
        Assert.Equal(20, meter.Requests);

        // What nobody waits for ends here before the origin sees its end, so the peak there says nothing; in the end none is left.

        // Every permit came back: as many clients at once as there are permits are served.
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => proxy.GetAsync("/huge", "Range: bytes=0-99")));
    }

    [Fact]
    public async Task Client_that_leaves_while_the_origin_is_silent_is_noticed()
    {
        var never = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(exchange => exchange.WaitAsync(never.Task));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await origin.RequestsArrivedAsync(1);

        client.Abort();

        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "no active request");
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Client_that_takes_nothing_within_the_send_timeout_is_aborted()
    {
        var time = new FakeTimeProvider();
        var file = new RangeFile(1L << 30);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, time: time);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 64 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/huge"));
        await slow.ReadHeadAsync();

        await PassingTime.UntilAsync(time, () => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "the send timeout passes");

        await slow.ExpectResetAsync();
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Client_that_is_slow_but_moves_is_served_until_it_stops()
    {
        // Two minutes at 4,096 bytes per second: far above limits.min_send_rate, and so slow that the kernel never has room for another
        // write.
        var time = new FakeTimeProvider();
        var file = new RangeFile(1L << 30);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, time: time);
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 4 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/huge"));
        await slow.ReadHeadAsync();
        await Settled.RisingAsync(() => file.ContentBytesSent, "bytes sent by the origin");
        for (int second = 0; second < 120; second++)
        {
            Assert.Equal(TestContent.Bytes(second * 4096, 4096, file.Seed), await slow.ReadBytesAsync(4096));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(1, proxy.Instance.Parts.Meter.ActiveRequests.Value);
        await PassingTime.UntilAsync(time, () => proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "the send timeout passes");

        await slow.ExpectResetAsync();
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Client_that_takes_a_byte_now_and_then_is_aborted()
    {
        var time = new FakeTimeProvider();
        var file = new RangeFile(1L << 30);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, time: time);
        using var slow = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4 << 10 };
        await slow.ConnectAsync(proxy.EndPoint, TestContext.Current.CancellationToken);
        await slow.SendAsync(Wire.Bytes(RawClient.Request("GET", "/huge")));
        await Settled.RisingAsync(() => file.ContentBytesSent, "bytes sent by the origin");
        slow.Blocking = false;
        byte[] one = new byte[1];
        int seconds = 0;

        await PassingTime.UntilAsync(
            time,
            () =>
            {
                if (++seconds % 50 == 0)
                {
                    slow.Receive(one, 0, 1, SocketFlags.None, out _);
                }

                return proxy.Instance.Parts.Meter.ActiveRequests.Value == 0;
            },
            "the client's time is used up");
    }
}
