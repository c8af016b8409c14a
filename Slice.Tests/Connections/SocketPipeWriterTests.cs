using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>What TLS writes goes to the socket, in order and whole.</summary>
public sealed class SocketPipeWriterTests : IAsyncLifetime
{
    private readonly Pipe _pipe = new();
    private readonly TcpClient _client = new();
    private Socket _socket = null!;
    private SocketPipeWriter _writer = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await _client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Ct);
        _socket = await listener.AcceptSocketAsync(Ct);
        _writer = new SocketPipeWriter(_socket, _pipe.Writer);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Bytes_leave_in_the_order_in_which_they_were_written_by_either_way()
    {
        "ab"u8.CopyTo(_writer.GetSpan(2));
        _writer.Advance(2);
        await _writer.WriteAsync("cd"u8.ToArray(), Ct);
        "ef"u8.CopyTo(_writer.GetMemory(2).Span);
        _writer.Advance(2);
        Assert.False((await _writer.FlushAsync(Ct)).IsCompleted);
        await _writer.FlushAsync(Ct);
        await _writer.WriteAsync("gh"u8.ToArray(), Ct);

        byte[] received = new byte[8];
        await _client.GetStream().ReadExactlyAsync(received, Ct);
        Assert.Equal("abcdefgh"u8, received);
        Assert.False(_pipe.Reader.TryRead(out _));
    }

    [Fact]
    public async Task What_the_socket_does_not_take_at_once_waits_for_the_client()
    {
        byte[] bytes = TestContent.Bytes(0, 16 << 20, seed: 1);
        var writing = _writer.WriteAsync(bytes, Ct).AsTask();
        Assert.False(writing.IsCompleted);

        byte[] received = new byte[bytes.Length];
        await _client.GetStream().ReadExactlyAsync(received, Ct);
        await Deadline.WithinAsync(writing, "the write ends");
        Assert.Equal(bytes, received);
    }

    [Fact]
    public async Task Wait_for_the_client_ends_by_the_token()
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var writing = _writer.WriteAsync(new byte[16 << 20], enough.Token).AsTask();
        Assert.False(writing.IsCompleted);
        await enough.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Deadline.WithinAsync(writing, "the write ends"));
    }

    [Fact]
    public async Task Write_to_a_client_that_has_reset_fails()
    {
        // Not the TcpClient, which ends its direction in order first.
        _client.LingerState = new LingerOption(enable: true, seconds: 0);
        _client.Client.Dispose();
        await Assert.ThrowsAsync<SocketException>(() => _socket.ReceiveAsync(new byte[1], Ct).AsTask());

        await Assert.ThrowsAsync<IOException>(async () => await _writer.WriteAsync("a"u8.ToArray(), Ct));
    }

    [Fact]
    public async Task Wait_for_a_client_fails_when_the_connection_is_aborted_meanwhile()
    {
        var writing = _writer.WriteAsync(new byte[16 << 20], Ct).AsTask();
        Assert.False(writing.IsCompleted);
        _socket.Dispose();
        await Assert.ThrowsAsync<IOException>(() => Deadline.WithinAsync(writing, "the write ends"));
        await Assert.ThrowsAsync<IOException>(async () => await _writer.WriteAsync("a"u8.ToArray(), Ct));
    }

    [Fact]
    public async Task Pipe_of_the_transport_is_completed_with_it()
    {
        await _writer.CompleteAsync();
        Assert.True((await _pipe.Reader.ReadAsync(Ct)).IsCompleted);
    }
}
