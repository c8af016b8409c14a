using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

public sealed class RedisServerTests
{
    [Fact]
    public async Task Node_whose_second_port_is_taken_has_not_started_though_its_first_one_took_connections()
    {
        using var somebody = new TcpListener(IPAddress.Loopback, 0);
        somebody.Start();
        await Assert.ThrowsAsync<PortTakenException>(() => RedisServer.StartAsync($"""
            cluster-enabled yes
            cluster-port {((IPEndPoint)somebody.LocalEndpoint).Port}
            """));
    }
}
