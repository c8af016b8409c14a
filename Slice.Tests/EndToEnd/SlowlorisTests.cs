using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Thousands of connections that send a byte now and then: they cost little, hold up nobody, and end when their time is over (B40).
/// </summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class SlowlorisTests
{
    private const int WantedConnections = 2_000;

    // Descriptors of everything else in this process: generous.
    private const int OtherDescriptors = 500;

    // Measured: 16 KiB for both ends, among them a rented head of 2 KiB and a block of 4 KiB of the transport's pool, and what the download
    // left.
    private const long MostBytesPerConnection = 24 << 10;

    private const string Begun = "GET /slow HTTP/1.1\r\nHost: x\r\nA: ";

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Slow_heads_hold_up_no_download_and_end_with_408()
    {
        var time = new FakeTimeProvider();
        var file = new RangeFile(64 << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 256 << 10, time: time);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Socket[] slow = await ConnectAsync(proxy, ConnectionCount());
        try
        {
            using var sink = new VerifyingSink(file.Content);
            var download = RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, TimeSpan.FromMinutes(2));

            // Eight seconds of the ten that a head has; the download goes on beside it for as long as it takes.
            for (int second = 0; second < 8; second++)
            {
                time.Advance(TimeSpan.FromSeconds(1));
                await SendByteAsync(slow);
            }

            await download;
            Assert.Equal(file.LengthBytes, sink.Count);
            Assert.All(slow, socket => Assert.Equal(0, socket.Available));
            long held = GC.GetTotalMemory(forceFullCollection: true) - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{held / slow.Length} bytes per connection");
            Assert.InRange(held / slow.Length, 0, MostBytesPerConnection);

            Task<string[]> answers = Task.WhenAll(slow.Select(ReadToEndAsync));
            Assert.All(
                await PassingTime.UntilAsync(time, answers, "the heads' deadlines pass"),
                answer => Assert.StartsWith("HTTP/1.1 408 Request Timeout\r\n", answer, StringComparison.Ordinal));
            Assert.DoesNotContain(origin.Requests, request => request.Target == "/slow");
            Assert.Equal("HIT", (await proxy.GetAsync("/file", "Range: bytes=0-0")).Field("X-Cache"));
        }
        finally
        {
            Array.ForEach(slow, static socket => socket.Dispose());
        }
    }

    // Each connection has two ends here. The runtime has already raised the limit as far as it may.
    private static int ConnectionCount()
    {
        string limits = File.ReadAllText("/proc/self/limits");
        string soft = limits.Split('\n')
            .Single(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        int descriptors = int.TryParse(soft, out int count) ? count : int.MaxValue;
        int connections = Math.Min(WantedConnections, (descriptors - OtherDescriptors) / 2);
        TestContext.Current.TestOutputHelper?.WriteLine($"{connections} connections under a limit of {soft} descriptors");
        return connections;
    }

    private static async Task<Socket[]> ConnectAsync(ProxyUnderTest proxy, int count)
    {
        var sockets = new Socket[count];
        byte[] begun = Wire.Bytes(Begun);
        for (int index = 0; index < count; index++)
        {
            sockets[index] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await Deadline.WithinAsync(sockets[index].ConnectAsync(proxy.EndPoint), $"connection {index}");
            await sockets[index].SendAsync(begun);
        }

        return sockets;
    }

    private static async Task SendByteAsync(Socket[] sockets)
    {
        foreach (Socket socket in sockets)
        {
            await socket.SendAsync("b"u8.ToArray());
        }
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        byte[] received = new byte[1024];
        int length = 0;
        int count;
        do
        {
            count = await Deadline.WithinAsync(
                socket.ReceiveAsync(received.AsMemory(length), SocketFlags.None).AsTask(), "an answer and the close");
            length += count;
        }
        while (count > 0);

        return Wire.Text(received.AsSpan(0, length));
    }
}
