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
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        var socket = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        var writer = new SocketClientWriter(socket, Deadlines());
        Assert.Equal(WriteResult.Written, await writer.WriteAsync("a"u8.ToArray()));

        socket.Dispose();

        Assert.Equal(WriteResult.ClientGone, await writer.WriteAsync("b"u8.ToArray()));
        Assert.False(writer.TryFinishSending());
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
        for (int time = 0; time < 100; time++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync("BAD\r\n\r\n");
            client.Abort();
        }

        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.Contains("request_rejected", StringComparison.Ordinal)), () => "a refusal");
        await proxy.Instance.StopAsync();
        Assert.DoesNotContain(proxy.Log, line => line.Contains("internal_error", StringComparison.Ordinal));
    }

    private ConnectionDeadlines Deadlines() => new(TimeoutSettings.From(new SliceOptions(), _time), _time, () => 0, _ => { });
}
