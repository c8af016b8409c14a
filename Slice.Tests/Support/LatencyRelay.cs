using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Slice.Tests.Support;

/// <summary>
/// Makes a server on loopback look distant: a relay whose client sees every answer one round trip later, at full bandwidth.
/// Disposing closes every connection. Used by tests and by the benchmarks.
/// </summary>
/// <remarks>
/// The whole round trip is spent on the way to the server, as a delay line: each piece carries the time at which it is due, and the next is
/// read meanwhile, so pipelined requests are late together, not one after the other. A client of request and response cannot tell this from
/// half the delay each way, and the answers, gigabytes of them, need no queue. Connecting is not delayed; a pool's connections are warm
/// anyway. The delay is never shorter than asked and, as timers go, 1 to 2 ms longer.
/// </remarks>
public sealed class LatencyRelay : IAsyncDisposable
{
    private const int UpstreamPieceBytes = 16 << 10;
    private const int DownstreamPieceBytes = 256 << 10;

    // 1,024 pieces of 16 KiB: what a request body may have in flight on this line before the client must wait. Arbitrary.
    private const int DelayLinePieces = 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly EndPoint _server;
    private readonly TimeSpan _roundTrip;
    private readonly Task _accepting;
    private int _connectionCount;

    private LatencyRelay(EndPoint server, TimeSpan roundTrip, int port)
    {
        _server = server;
        _roundTrip = roundTrip;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(1024);
        EndPoint = (IPEndPoint)_listener.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Authority => EndPoint.ToString();

    /// <summary>How many connections were accepted.</summary>
    public int ConnectionCount => Volatile.Read(ref _connectionCount);

    /// <summary>Starts a relay to <paramref name="server"/> on <paramref name="port"/>, 0 for any free one.</summary>
    public static LatencyRelay Start(EndPoint server, TimeSpan roundTrip, int port = 0) => new(server, roundTrip, port);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stop.Dispose();
    }

    private static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, ct)..];
        }
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationToken ct)
    {
        var piece = new byte[DownstreamPieceBytes];
        int received;
        while ((received = await from.ReceiveAsync(piece, SocketFlags.None, ct)) > 0)
        {
            await SendAllAsync(to, piece.AsMemory(0, received), ct);
        }

        to.Shutdown(SocketShutdown.Send);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_stop.Token);
                Interlocked.Increment(ref _connectionCount);
                Task relaying = RelayAsync(client);
                _connections.TryAdd(relaying, true);
                _ = relaying.ContinueWith(ended => _connections.TryRemove(ended, out _), TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    private async Task RelayAsync(Socket client)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(_server, ended.Token);
                var line = Channel.CreateBounded<(long Due, byte[] Bytes)>(DelayLinePieces);
                Task[] pumps =
                [
                    ReadIntoLineAsync(client, line.Writer, ended.Token),
                    SendWhenDueAsync(line.Reader, server, ended.Token),
                    CopyAsync(server, client, ended.Token),
                ];
                await AllOrFirstFailureAsync(pumps, ended);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // One side reset or the relay stopped: the other side gets a reset too, never an orderly end that did not happen.
                client.LingerState = new LingerOption(enable: true, seconds: 0);
                server.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
    }

    private static async Task AllOrFirstFailureAsync(Task[] pumps, CancellationTokenSource ended)
    {
        await foreach (Task pump in Task.WhenEach(pumps))
        {
            if (!pump.IsCompletedSuccessfully)
            {
                await ended.CancelAsync();
            }
        }

        await Task.WhenAll(pumps);
    }

    private async Task ReadIntoLineAsync(Socket client, ChannelWriter<(long Due, byte[] Bytes)> line, CancellationToken ct)
    {
        var piece = new byte[UpstreamPieceBytes];
        int received;
        do
        {
            received = await client.ReceiveAsync(piece, SocketFlags.None, ct);
            long due = Stopwatch.GetTimestamp() + (long)(_roundTrip.TotalSeconds * Stopwatch.Frequency);

            // The empty piece is the client's FIN; it too is late, and in its place.
            await line.WriteAsync((due, piece[..received]), ct);
        }
        while (received > 0);
        line.Complete();
    }

    private static async Task SendWhenDueAsync(ChannelReader<(long Due, byte[] Bytes)> line, Socket server, CancellationToken ct)
    {
        await foreach (var (due, bytes) in line.ReadAllAsync(ct))
        {
            // A timer counts in ticks of the coarse clock and may end a part of a millisecond early by the fine one.
            TimeSpan early;
            while ((early = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due)) > TimeSpan.Zero)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(early.TotalMilliseconds)), ct);
            }

            if (bytes.Length == 0)
            {
                server.Shutdown(SocketShutdown.Send);
                return;
            }

            await SendAllAsync(server, bytes, ct);
        }
    }
}
