using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Net.Connections;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

/// <summary>A client that is gone is an ordinary result of a write, however its transport says so.</summary>
public sealed class ClientWriterTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Write_to_a_socket_that_was_disposed_meanwhile_finds_the_client_gone()
    {
        using var client = new TcpClient();
        var socket = await AcceptAsync(client);
        var writer = new SocketClientWriter(socket, Deadlines());
        Assert.Equal(WriteResult.Written, await writer.WriteAsync("a"u8.ToArray()));

        socket.Dispose();

        Assert.Equal(WriteResult.ClientGone, await writer.WriteAsync("b"u8.ToArray()));
        Assert.False(writer.TryFinishSending());
    }

    [Fact]
    public async Task Write_to_a_socket_whose_client_has_reset_finds_the_client_gone()
    {
        using var client = new TcpClient();
        using var socket = await AcceptAsync(client);
        var writer = new SocketClientWriter(socket, Deadlines());

        // Not the TcpClient, which ends its direction in order first.
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Client.Dispose();
        await Assert.ThrowsAsync<SocketException>(
            () => socket.ReceiveAsync(new byte[1], TestContext.Current.CancellationToken).AsTask());

        Assert.Equal(WriteResult.ClientGone, await writer.WriteAsync("a"u8.ToArray()));
        writer.TryFinishSending();
    }

    [Theory]
    [InlineData(typeof(ConnectionResetException))]
    [InlineData(typeof(ConnectionAbortedException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(ObjectDisposedException))]
    public async Task Write_to_a_pipe_that_ended_with_an_error_finds_the_client_gone(Type error)
    {
        var pipe = new Pipe();
        var writer = new PipeClientWriter(pipe.Writer, Deadlines());
        Assert.Equal(WriteResult.Written, await writer.WriteAsync("a"u8.ToArray()));

        await pipe.Reader.CompleteAsync((Exception)Activator.CreateInstance(error, "gone")!);

        Assert.Equal(WriteResult.ClientGone, await writer.WriteAsync("b"u8.ToArray()));
    }

    // The kernel notices the reset before we do: what we say last, and then the end of our direction, meet a socket that is connected no
    // more.
    [Fact]
    public async Task Client_that_resets_while_it_is_refused_is_no_internal_error()
    {
        using var origin = new RefusingPort();
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        int clients = 0;

        // Of a client whose reset is faster than our look there is nothing to refuse, so further ones come until one was refused.
        await Eventually.TrueAsync(
            async () =>
            {
                using var client = await RawClient.ConnectAsync(proxy.EndPoint);
                await client.SendAsync("BAD\r\n\r\n");
                client.Abort();
                return ++clients >= 100 && proxy.Log.Any(line => line.Contains("request_rejected", StringComparison.Ordinal));
            },
            () => $"a refusal of one of {clients} clients");
        await proxy.Instance.StopAsync();
        Assert.DoesNotContain(proxy.Log, line => line.Contains("internal_error", StringComparison.Ordinal));
    }

    private static async Task<Socket> AcceptAsync(TcpClient client)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        return await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
    }

    private ConnectionDeadlines Deadlines() => new(TimeoutSettings.From(new SliceOptions(), _time), _time, () => 0, _ => { });
}
