using System.Net;
using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("0.0.0.0:8080", "0.0.0.0:8080")]
    [InlineData("127.0.0.1:0", "127.0.0.1:0")]
    [InlineData("127.0.0.1:65535", "127.0.0.1:65535")]
    [InlineData("[::1]:8080", "[::1]:8080")]
    [InlineData("[::]:80", "[::]:80")]
    public void Address_with_port_is_read(string text, string expected)
    {
        Assert.Null(ListenAddress.Parse(text, out IPEndPoint? endPoint));
        Assert.Equal(expected, endPoint!.ToString());
    }

    [Theory]
    [InlineData("", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData(":8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("*:8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("127.1:8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("127.0.0.01:8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("127.0.0.256:8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[127.0.0.1]:8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("[fe80::1%eth0]:8080", "not a host name, IPv4 address or IPv6 address in brackets")]
    [InlineData("127.0.0.1", "the port is missing")]
    [InlineData("[::1]", "the port is missing")]
    [InlineData("127.0.0.1:", "the port is not a number from 0 to 65535")]
    [InlineData("127.0.0.1:65536", "the port is not a number from 0 to 65535")]
    [InlineData("127.0.0.1:-1", "the port is not a number from 0 to 65535")]
    [InlineData("127.0.0.1:http", "the port is not a number from 0 to 65535")]
    [InlineData("127.0.0.1: 80", "the port is not a number from 0 to 65535")]
    [InlineData("::1:8080", "an IPv6 address goes in brackets")]
    [InlineData("localhost:8080", "a name, and what it resolves to may change")]
    public void Anything_else_is_refused_with_its_reason(string text, string problem)
    {
        Assert.Equal(problem, ListenAddress.Parse(text, out IPEndPoint? endPoint));
        Assert.Null(endPoint);
    }

    [Theory]
    [InlineData("127.0.0.1:80", "127.0.0.1:80", true)]
    [InlineData("127.0.0.1:80", "127.0.0.1:81", false)]
    [InlineData("127.0.0.1:80", "127.0.0.2:80", false)]
    [InlineData("0.0.0.0:80", "127.0.0.1:80", true)]
    [InlineData("0.0.0.0:80", "[::1]:80", false)]
    [InlineData("[::]:80", "127.0.0.1:80", true)]
    [InlineData("[::]:80", "[::1]:80", true)]
    [InlineData("[::1]:80", "127.0.0.1:80", false)]
    [InlineData("0.0.0.0:0", "0.0.0.0:0", false)]
    public void Listeners_collide_on_one_port_of_overlapping_addresses(string first, string second, bool collide)
    {
        Assert.Equal(collide, ListenAddress.Collide(IPEndPoint.Parse(first), IPEndPoint.Parse(second)));
        Assert.Equal(collide, ListenAddress.Collide(IPEndPoint.Parse(second), IPEndPoint.Parse(first)));
    }
}
