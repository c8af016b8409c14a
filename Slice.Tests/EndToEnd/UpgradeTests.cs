using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// A GET that asks for another protocol becomes a tunnel when the origin agrees, and an ordinary response when it does not (B42).
/// </summary>
public sealed class UpgradeTests
{
    private const string Asking =
        "GET /chat?room=%41 HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n";

    private const string Switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: xyz\r\n";

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Upgrade_that_the_origin_accepts_is_a_tunnel_in_both_directions()
    {
        using var bed = await TunnelBed.StartAsync();

        string asked = await bed.AcceptAsync(Asking, Switching + "\r\nhello");
        var answer = await bed.Client.ReadHeadAsync();
        Assert.Equal("hello", await ReadTextAsync(bed.Client, 5));
        await bed.Client.SendAsync("ping");
        Assert.Equal("ping", await bed.ReadAtOriginAsync(4));
        await bed.SendFromOriginAsync("pong");

        Assert.Equal("pong", await ReadTextAsync(bed.Client, 4));
        Assert.StartsWith("GET /chat?room=%41 HTTP/1.1\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nUpgrade: websocket\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Key: abc\r\n", asked, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Forwarded-For: 127.0.0.1\r\n", asked, StringComparison.Ordinal);
        Assert.Equal("HTTP/1.1 101 Switching Protocols", answer.StatusLine);
        Assert.Equal(
            ("Upgrade", "websocket", "xyz"), (answer.Field("Connection"), answer.Field("Upgrade"), answer.Field("Sec-WebSocket-Accept")));
        Assert.Equal("1.1 pingora-slice", answer.Field("Via"));
        Assert.All(["Content-Length", "Transfer-Encoding", "X-Cache"], name => Assert.Empty(answer.Fields(name)));
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Bytes_sent_right_behind_the_request_are_in_the_tunnel()
    {
        using var bed = await TunnelBed.StartAsync();

        await bed.AcceptAsync(Asking + "GET /not-a-request HTTP/1.1\r\n\r\n", Switching + "\r\n");
        await bed.Client.ReadHeadAsync();

        Assert.Equal("GET /not-a-request HTTP/1.1\r\n\r\n", await bed.ReadAtOriginAsync(31));
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task End_of_the_clients_direction_leaves_the_other_open()
    {
        using var bed = await TunnelBed.StartAsync();
        await bed.AcceptAsync(Asking, Switching + "\r\n");
        await bed.Client.ReadHeadAsync();

        await bed.Client.SendAsync("last");
        bed.Client.FinishSending();

        Assert.Equal("last", await bed.ReadToEndAtOriginAsync());
        await bed.SendFromOriginAsync("still here");
        Assert.Equal("still here", await ReadTextAsync(bed.Client, 10));
        bed.Origin.Shutdown(SocketShutdown.Send);
        await bed.Client.ExpectClosedAsync();
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task End_of_the_origins_direction_leaves_the_other_open()
    {
        using var bed = await TunnelBed.StartAsync();
        await bed.AcceptAsync(Asking, Switching + "\r\nlast");
        await bed.Client.ReadHeadAsync();

        bed.Origin.Shutdown(SocketShutdown.Send);

        Assert.Equal("last", await ReadTextAsync(bed.Client, 4));
        await bed.Client.ExpectClosedAsync();
        await bed.Client.SendAsync("still here");
        bed.Client.FinishSending();
        Assert.Equal("still here", await bed.ReadToEndAtOriginAsync());
        await bed.NoRequestIsActiveAsync();
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Reset_by_one_side_is_a_reset_for_the_other()
    {
        using var byClient = await TunnelBed.StartAsync();
        await byClient.AcceptAsync(Asking, Switching + "\r\n");
        await byClient.Client.ReadHeadAsync();
        byClient.Client.Abort();
        await Assert.ThrowsAsync<SocketException>(byClient.ReadToEndAtOriginAsync);
        await byClient.NoRequestIsActiveAsync();

        using var byOrigin = await TunnelBed.StartAsync();
        await byOrigin.AcceptAsync(Asking, Switching + "\r\n");
        await byOrigin.Client.ReadHeadAsync();
        byOrigin.Origin.LingerState = new LingerOption(enable: true, seconds: 0);
        byOrigin.Origin.Close();
        await byOrigin.Client.ExpectResetAsync();
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Silence_of_both_sides_ends_the_tunnel()
    {
        var time = new FakeTimeProvider();
        using var bed = await TunnelBed.StartAsync(
            options => options with { Timeouts = options.Timeouts with { Tunnel = TimeSpan.FromSeconds(60) } }, time);
        await bed.AcceptAsync(Asking, Switching + "\r\n");
        await bed.Client.ReadHeadAsync();

        // Either side's bytes begin the time anew.
        time.Advance(TimeSpan.FromSeconds(50));
        await bed.Client.SendAsync("ping");
        Assert.Equal("ping", await bed.ReadAtOriginAsync(4));
        time.Advance(TimeSpan.FromSeconds(50));
        await bed.SendFromOriginAsync("pong");
        Assert.Equal("pong", await ReadTextAsync(bed.Client, 4));

        var reset = bed.Client.ExpectResetAsync();
        await PassingTime.UntilAsync(time, () => reset.IsCompleted, "timeouts.tunnel passes");
        await reset;
        await bed.NoRequestIsActiveAsync();
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Tunnel_moves_at_the_pace_of_a_client_that_does_not_read()
    {
        // Far more than the kernel's buffers on the way hold, which grow up to tcp_rmem and tcp_wmem: 32 MiB and 4 MiB here and there.
        const int Bytes = 128 << 20;
        using var bed = await TunnelBed.StartAsync(receiveBufferBytes: 64 << 10);
        await bed.AcceptAsync(Asking, Switching + "\r\n");
        await bed.Client.ReadHeadAsync();
        long sent = 0;
        var sending = SendAsync();

        await Settled.RisingAsync(() => Volatile.Read(ref sent), "bytes taken from the origin");
        Assert.InRange(Volatile.Read(ref sent), 1, Bytes / 2);
        Assert.False(sending.IsCompleted);
        using var sink = new VerifyingSink(TestContent.Version(1));
        while (sink.Count < Bytes)
        {
            sink.Append(await bed.Client.ReadBytesAsync(1 << 20));
        }

        await sending;

        async Task SendAsync()
        {
            byte[] block = new byte[64 << 10];
            while (sent < Bytes)
            {
                TestContent.Fill(sent, block, seed: 1);
                await bed.SendFromOriginAsync(Wire.Text(block));
                Volatile.Write(ref sent, sent + block.Length);
            }
        }
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    [Trait("Behaviour", "B49")]
    public async Task Tunnel_outlasts_the_beginning_of_draining()
    {
        using var bed = await TunnelBed.StartAsync();
        await bed.AcceptAsync(Asking, Switching + "\r\n");
        await bed.Client.ReadHeadAsync();

        var stopping = bed.Proxy.Instance.StopAsync();
        await Eventually.TrueAsync(() => !bed.Proxy.Instance.Parts.State.IsHealthy, "the proxy drains");
        await bed.Client.SendAsync("ping");
        Assert.Equal("ping", await bed.ReadAtOriginAsync(4));
        bed.Client.FinishSending();
        bed.Origin.Shutdown(SocketShutdown.Send);

        await bed.Client.ExpectClosedAsync();
        await Deadline.WithinAsync(stopping, "the proxy stops");
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    [Trait("Behaviour", "B49")]
    public async Task Tunnel_is_reset_when_the_time_for_draining_is_over()
    {
        using var bed = await TunnelBed.StartAsync(
            options => options with { Timeouts = options.Timeouts with { Shutdown = TimeSpan.FromMilliseconds(50) } });
        await bed.AcceptAsync(Asking, Switching + "\r\n");
        await bed.Client.ReadHeadAsync();

        var stopping = bed.Proxy.Instance.StopAsync();

        await bed.Client.ExpectResetAsync();
        await Deadline.WithinAsync(stopping, "the proxy stops");
        await Assert.ThrowsAsync<SocketException>(bed.ReadToEndAtOriginAsync);
    }

    [Theory]
    [Trait("Behaviour", "B42")]
    [InlineData("200 OK", "page")]
    [InlineData("403 Forbidden", "no")]
    [InlineData("426 Upgrade Required", "")]
    public async Task Answer_that_does_not_switch_is_an_ordinary_response_and_is_not_stored(string status, string body)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync(status, body, "Cache-Control: max-age=60", "Upgrade: websocket"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 1; request <= 2; request++)
        {
            await client.SendAsync(Asking);
            var response = await client.ReadResponseAsync();
            Assert.Equal(($"HTTP/1.1 {status}", body, "BYPASS"), (response.StatusLine, response.BodyText, response.Field("X-Cache")));
            Assert.Empty(response.Fields("Upgrade"));
            Assert.Equal(request, origin.RequestCount);
        }
    }

    [Theory]
    [Trait("Behaviour", "B42")]
    [Trait("Behaviour", "B41")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /a HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n\r\n")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: H2C, TLS/1.0, HTTP/2.0\r\n\r\n")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: web socket\r\n\r\n")]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx")]
    public async Task Request_that_is_no_upgrade_is_forwarded_without_one(string request)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "page"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(request);

        Assert.Equal("page", (await client.ReadResponseAsync()).BodyText);
        Assert.All(
            origin.Requests, asked => Assert.All(["Upgrade", "Connection", "HTTP2-Settings"], name => Assert.Empty(asked.Fields(name))));
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Withdrawn_protocol_is_left_out_of_the_wish()
    {
        using var bed = await TunnelBed.StartAsync();

        string asked = await bed.AcceptAsync(
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c, websocket\r\nUpgrade: IRC/6.9\r\nHTTP2-Settings: x\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: IRC/6.9\r\n\r\n");

        Assert.Equal("IRC/6.9", (await bed.Client.ReadHeadAsync()).Field("Upgrade"));
        Assert.Contains("\r\nUpgrade: websocket, IRC/6.9\r\n", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP2-Settings", asked, StringComparison.Ordinal);
    }

    [Theory]
    [Trait("Behaviour", "B42")]
    [InlineData(Asking, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")]
    [InlineData(Asking, "HTTP/1.1 101 Switching Protocols\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\n\r\n", Switching + "\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", Switching + "\r\n")]
    public async Task Switch_that_nobody_asked_for_is_502_and_the_connection_is_not_used_again(string request, string answer)
    {
        using var bed = await TunnelBed.StartAsync(
            options => options with { MaxRetries = 0, SlicePatterns = ["^/sliced/"], CacheUnsliced = false });

        await bed.AcceptAsync(request, answer);

        Assert.Equal(502, (await bed.Client.ReadResponseAsync()).StatusCode);
        await bed.ExpectOriginClosedAsync();
    }

    [Fact]
    [Trait("Behaviour", "B42")]
    public async Task Web_socket_of_the_framework_echoes_through_the_tunnel()
    {
        var ct = TestContext.Current.CancellationToken;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var echoing = EchoAsync(listener, ct);
        await using var proxy = await ProxyUnderTest.StartAsync(new Uri($"http://{listener.LocalEndpoint}/"), sliceSizeBytes: 4);
        using var socket = new ClientWebSocket();
        byte[] message = TestContent.Bytes(0, 300_000, seed: 1);

        await Deadline.WithinAsync(socket.ConnectAsync(new Uri($"ws://{proxy.EndPoint}/chat"), ct), "the web socket opens");
        await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, ct);
        byte[] received = await Deadline.WithinAsync(ReceiveAsync(socket, ct), "the echo arrives");
        await Deadline.WithinAsync(socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", ct), "the web socket closes");
        await Deadline.WithinAsync(echoing, "the origin ends");

        Assert.Equal(message, received);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    private static async Task<string> ReadTextAsync(RawClient client, int count) => Wire.Text(await client.ReadBytesAsync(count));

    private static async Task EchoAsync(TcpListener listener, CancellationToken ct)
    {
        using var connection = await listener.AcceptSocketAsync(ct);
        string head = Wire.Text(await new WireReader(connection).ReadHeadAsync(ct));
        string key = head.Split("\r\n").Single(line => line.StartsWith("Sec-WebSocket-Key: ", StringComparison.Ordinal))[19..];
        string accept = AcceptOf(key);
        connection.Send(Wire.Bytes(
            $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
        using var socket = WebSocket.CreateFromStream(new NetworkStream(connection), new WebSocketCreationOptions { IsServer = true });
        await socket.SendAsync(await ReceiveAsync(socket, ct), WebSocketMessageType.Binary, endOfMessage: true, ct);
        await socket.ReceiveAsync(new byte[1], ct);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "bye", ct);
    }

    // RFC 6455 §4.2.2.
#pragma warning disable CA5350 // SHA-1 is what the protocol prescribes; nothing secret depends on it.
    private static string AcceptOf(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350

    private static async Task<byte[]> ReceiveAsync(WebSocket socket, CancellationToken ct)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[16 << 10];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer, ct);
            message.Write(buffer, 0, received.Count);
            if (received.EndOfMessage)
            {
                return message.ToArray();
            }
        }
    }

    // A client, the proxy, and one connection at the origin whose both directions are the test's.
    private sealed class TunnelBed : IDisposable
    {
        private readonly TcpListener _listener;
        private WireReader? _reader;

        private TunnelBed(TcpListener listener, ProxyUnderTest proxy, RawClient client) =>
            (_listener, Proxy, Client) = (listener, proxy, client);

        public ProxyUnderTest Proxy { get; }

        public RawClient Client { get; }

        public Socket Origin { get; private set; } = null!;

        public static async Task<TunnelBed> StartAsync(
            Func<SliceOptions, SliceOptions>? configure = null, TimeProvider? time = null, int? receiveBufferBytes = null)
        {
            var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var proxy = await ProxyUnderTest.StartAsync(new Uri($"http://{listener.LocalEndpoint}/"), sliceSizeBytes: 4, configure, time);
            return new TunnelBed(listener, proxy, await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes));
        }

        public async Task<string> AcceptAsync(string request, string answer)
        {
            await Client.SendAsync(request);
            Origin = await Deadline.WithinAsync(_listener.AcceptSocketAsync(), "the proxy connects");
            _reader = new WireReader(Origin);
            byte[] head = await Deadline.WithinAsync(_reader.ReadHeadAsync(TestContext.Current.CancellationToken), "the request arrives");
            await SendFromOriginAsync(answer);
            return Wire.Text(head);
        }

        public async Task SendFromOriginAsync(string text)
        {
            for (ReadOnlyMemory<byte> bytes = Wire.Bytes(text); !bytes.IsEmpty;)
            {
                bytes = bytes[await Origin.SendAsync(bytes, SocketFlags.None, TestContext.Current.CancellationToken)..];
            }
        }

        public async Task<string> ReadAtOriginAsync(int count)
        {
            using var bytes = new MemoryStream();
            await Deadline.WithinAsync(
                _reader!.ReadExactlyAsync(count, bytes.Write, TestContext.Current.CancellationToken), $"{count} bytes at the origin");
            return Wire.Text(bytes.ToArray());
        }

        public async Task<string> ReadToEndAtOriginAsync()
        {
            using var bytes = new MemoryStream();
            await Deadline.WithinAsync(
                _reader!.ReadToEndAsync(bytes.Write, TestContext.Current.CancellationToken), "the end of the stream at the origin");
            return Wire.Text(bytes.ToArray());
        }

        public async Task ExpectOriginClosedAsync()
        {
            try
            {
                await ReadToEndAtOriginAsync();
            }
            catch (SocketException)
            {
                // Reset, which is closed as well.
            }
        }

        public Task NoRequestIsActiveAsync() =>
            Eventually.TrueAsync(() => Proxy.Instance.Parts.Meter.ActiveRequests.Value == 0, "no request is active");

        public void Dispose()
        {
            Client.Dispose();
            Origin?.Dispose();
            _listener.Dispose();
            Proxy.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
