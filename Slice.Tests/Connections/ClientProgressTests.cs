using System.Net;
using System.Net.Sockets;
using Slice.Net.Connections;
using Slice.Tests.Support;

namespace Slice.Tests.Connections;

public sealed class ClientProgressTests
{
    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Bytes_taken_follow_what_the_client_reads()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using var client = await RawClient.ConnectAsync(listener.LocalEndPoint!, receiveBufferBytes: 4 << 10);
        using Socket server = await listener.AcceptAsync(TestContext.Current.CancellationToken);
        server.Blocking = false;
        int sent = 0;
        while (server.Send(new byte[64 << 10], 0, 64 << 10, SocketFlags.None, out SocketError error) is var count
            && error == SocketError.Success)
        {
            sent += count;
        }

        await Settled.RisingAsync(() => ClientProgress.BytesTaken(server), "bytes taken by a client that does not read");
        long taken = ClientProgress.BytesTaken(server);
        Assert.InRange(taken, 1, sent / 2);

        await client.ReadBytesAsync(sent);

        await Eventually.TrueAsync(
            () => ClientProgress.BytesTaken(server) == sent, () => $"{sent} bytes taken; it is {ClientProgress.BytesTaken(server)}");
    }

    [Fact]
    public void Nothing_is_known_of_a_connection_that_is_gone()
    {
        var gone = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        gone.Dispose();

        Assert.Equal(0, ClientProgress.BytesTaken(gone));
        Assert.Equal(0, ClientProgress.BytesTaken(null));
    }
}
