using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Net.Origin;

namespace Slice.Tests.Origin;

/// <summary>In which order addresses are tried (RFC 8305 §4), and what is remembered of them.</summary>
public sealed class OriginAddressOrderTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("192.0.2.1", "", "192.0.2.1")]
    [InlineData("192.0.2.2 192.0.2.1", "", "192.0.2.2 192.0.2.1")]
    [InlineData("::2 ::3 ::4 192.0.2.1 192.0.2.2", "", "::2 192.0.2.1 ::3 192.0.2.2 ::4")]
    [InlineData("192.0.2.1 192.0.2.2 ::2", "", "192.0.2.1 ::2 192.0.2.2")]
    [InlineData("192.0.2.1 192.0.2.2 192.0.2.1 ::ffff:192.0.2.2", "", "192.0.2.1 192.0.2.2")]
    [InlineData("::2 192.0.2.1 192.0.2.2", "::2", "192.0.2.1 192.0.2.2 ::2")]
    [InlineData("::2 ::3 192.0.2.1 192.0.2.2", "::2 192.0.2.1", "::3 192.0.2.2 ::2 192.0.2.1")]
    [InlineData("::2 192.0.2.1", "::2 192.0.2.1", "::2 192.0.2.1")]
    [Trait("Behaviour", "B65")]
    public void Families_take_turns_from_that_of_the_first_and_what_failed_comes_last(string resolved, string failed, string expected)
    {
        var order = OriginAddressOrder.Of(
            resolved.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse),
            80,
            _ => true,
            endPoint => failed.Split(' ').Contains(endPoint.Address.ToString()));

        Assert.Equal(expected, string.Join(' ', order.Select(endPoint => endPoint.Address)));
        Assert.All(order, endPoint => Assert.Equal(80, endPoint.Port));
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, "192.0.2.1 192.0.2.2")]
    [InlineData(AddressFamily.InterNetworkV6, "::2")]
    [Trait("Behaviour", "B65")]
    public void Family_that_the_machine_lacks_is_left_out(AddressFamily family, string expected)
    {
        var order = OriginAddressOrder.Of(
            [IPAddress.Parse("::2"), IPAddress.Parse("192.0.2.1"), IPAddress.Parse("::ffff:192.0.2.2")],
            80,
            candidate => candidate == family,
            _ => false);

        Assert.Equal(expected, string.Join(' ', order.Select(endPoint => endPoint.Address)));
    }

    [Fact]
    [Trait("Behaviour", "B65")]
    public void Name_with_many_addresses_has_32_of_them_tried_of_both_families()
    {
        var addresses = Enumerable.Range(0, 40).Select(number => new IPAddress([192, 0, 2, (byte)number]));

        var order = OriginAddressOrder.Of(addresses.Append(IPAddress.Parse("::2")), 80, _ => true, _ => false);

        Assert.Equal(32, order.Count);
        Assert.Equal(IPAddress.Parse("::2"), order[1].Address);
    }

    [Fact]
    public void Memory_is_bounded_and_forgets_the_oldest()
    {
        var time = new FakeTimeProvider();
        var memory = new OriginAddressMemory(time);
        for (int port = 1; port <= OriginAddressMemory.Capacity + 1; port++)
        {
            memory.Failed(new IPEndPoint(IPAddress.Loopback, port));
            time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.False(memory.HasFailed(new IPEndPoint(IPAddress.Loopback, 1)));
        Assert.All(
            Enumerable.Range(2, OriginAddressMemory.Capacity),
            port => Assert.True(memory.HasFailed(new IPEndPoint(IPAddress.Loopback, port))));
    }

    [Fact]
    public void Memory_knows_ports_of_one_machine_apart()
    {
        var memory = new OriginAddressMemory(new FakeTimeProvider());
        memory.Failed(new IPEndPoint(IPAddress.Loopback, 1));

        Assert.True(memory.HasFailed(new IPEndPoint(IPAddress.Parse("127.0.0.1"), 1)));
        Assert.False(memory.HasFailed(new IPEndPoint(IPAddress.Loopback, 2)));

        memory.Worked(new IPEndPoint(IPAddress.Loopback, 1));
        Assert.False(memory.HasFailed(new IPEndPoint(IPAddress.Loopback, 1)));
    }
}
