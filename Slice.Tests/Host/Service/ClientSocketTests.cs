using System.Net;
using System.Net.Sockets;
using Slice.Host.Service;

namespace Slice.Tests.Host.Service;

/// <summary>A client on this machine gets a send buffer that fits a cache, any other what the kernel finds that its path needs.</summary>
public class ClientSocketTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("127.5.0.9", "127.0.0.1", true)]
    [InlineData("::1", "::1", true)]
    [InlineData("::ffff:127.0.0.1", "::ffff:127.0.0.1", true)]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("2001:db8::7", "2001:db8::7", true)]
    [InlineData("192.0.2.8", "192.0.2.7", false)]
    [InlineData("2001:db8::8", "2001:db8::7", false)]
    [InlineData("128.0.0.1", "127.0.0.1", false)]
    public void Client_is_on_this_machine_that_comes_over_loopback_or_from_our_own_address(string client, string ours, bool isHere) =>
        Assert.Equal(isHere, ClientSocket.IsOnThisMachine(
            new IPEndPoint(IPAddress.Parse(client), 40000), new IPEndPoint(IPAddress.Parse(ours), 8080)));

    [Fact]
    public void Client_without_an_address_is_none_of_this_machine() =>
        Assert.False(ClientSocket.IsOnThisMachine(client: null, new IPEndPoint(IPAddress.Loopback, 8080)));

    [Fact]
    public async Task Socket_of_a_client_on_this_machine_sends_at_once_and_holds_half_a_mebibyte()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptAsync(TestContext.Current.CancellationToken);

        ClientSocket.Configure(accepted);

        Assert.True(accepted.NoDelay);

        // Twice what was asked for, or as much as the machine allows (Debian's net.core.wmem_max is 212,992).
        int most = int.Parse(await File.ReadAllTextAsync("/proc/sys/net/core/wmem_max", TestContext.Current.CancellationToken));
        Assert.Equal(2 * Math.Min(256 << 10, most), accepted.SendBufferSize);
    }
}
