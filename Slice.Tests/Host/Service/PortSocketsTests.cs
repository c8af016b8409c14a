using System.Net;
using System.Net.Sockets;
using Slice.Host.Machine;
using Slice.Host.Service;

namespace Slice.Tests.Host.Service;

/// <summary>Each socket that is handed over finds its key, by its name or by its address, or the start says why not.</summary>
public sealed class PortSocketsTests : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _address;
    private readonly IPEndPoint _elsewhere;

    public PortSocketsTests()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Listen();
        _address = (IPEndPoint)_socket.LocalEndPoint!;
        _elsewhere = new IPEndPoint(IPAddress.Parse("127.0.0.2"), _address.Port);
    }

    public void Dispose() => _socket.Dispose();

    // A descriptor of its own for the same socket, as another process would have left.
    private HandedDescriptor Hand(string? name = null, bool isHeld = true) =>
        new(NativeDescriptors.Duplicate(_socket.SafeHandle), name, isHeld);

    [Theory]
    [InlineData(null)]
    [InlineData("proxy")]
    [InlineData("pingora-slice.socket")]
    public void Socket_is_taken_by_the_endpoint_it_is_for_once(string? name)
    {
        var sockets = new PortSockets([Hand(name)]);
        sockets.Claim(new Dictionary<EndPoint, string> { [_elsewhere] = "metrics_endpoint.address", [_address] = "listen_address" });

        Assert.True(sockets.AreHeld);
        Assert.Null(sockets.Take(_elsewhere));
        using var taken = sockets.Take(_address);
        Assert.Equal(_address, taken!.LocalEndPoint);
        Assert.Null(sockets.Take(_address));
        Assert.True(Assert.Single(sockets.Open).IsHeld);
    }

    [Fact]
    public async Task Socket_that_is_taken_accepts_and_closing_it_leaves_the_other_process_listening()
    {
        var sockets = new PortSockets([Hand()]);
        sockets.Claim(new Dictionary<EndPoint, string> { [_address] = "listen_address" });
        var ct = TestContext.Current.CancellationToken;
        using (var taken = sockets.Take(_address)!)
        {
            Task<Socket> accepting = taken.AcceptAsync(ct).AsTask();
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(_address, ct);
            using var accepted = await accepting;

            // Closed while it accepts.
            _ = taken.AcceptAsync(ct).AsTask().ContinueWith(static task => task.Exception, TaskScheduler.Default);
        }

        using var next = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await next.ConnectAsync(_address, ct);
        using var served = await _socket.AcceptAsync(ct);
    }

    [Fact]
    public void Socket_for_the_metrics_port_alone_holds_no_clients()
    {
        var sockets = new PortSockets([Hand("metrics")]);
        sockets.Claim(new Dictionary<EndPoint, string> { [_elsewhere] = "listen_address", [_address] = "metrics_endpoint.address" });
        Assert.False(sockets.AreHeld);
        sockets.Take(_address)!.Dispose();
    }

    [Theory]
    [InlineData("proxy", "listen_address is 127.0.0.2:")]
    [InlineData("tls", "tls.listen_address is not configured")]
    [InlineData(null, "listen_address is 127.0.0.2:")]
    public void Address_that_the_configuration_does_not_have_is_an_error_that_names_both(string? name, string expected)
    {
        var sockets = new PortSockets([Hand(name)]);
        var error = Assert.Throws<InstanceStartException>(
            () => sockets.Claim(new Dictionary<EndPoint, string> { [_elsewhere] = "listen_address" }));
        Assert.StartsWith($"systemd listens on {_address}", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_sockets_for_one_endpoint_are_an_error()
    {
        var sockets = new PortSockets([Hand(), Hand()]);
        var error = Assert.Throws<InstanceStartException>(
            () => sockets.Claim(new Dictionary<EndPoint, string> { [_address] = "listen_address" }));
        Assert.StartsWith("listen_address: two sockets", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_of_datagrams_is_an_error_that_says_so()
    {
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        datagrams.Bind(_address);
        var sockets = new PortSockets([new HandedDescriptor(NativeDescriptors.Duplicate(datagrams.SafeHandle), null, IsHeld: true)]);
        var error = Assert.Throws<InstanceStartException>(
            () => sockets.Claim(new Dictionary<EndPoint, string> { [_address] = "listen_address" }));
        Assert.Contains($"is a socket of type Dgram, at {_address}: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_that_does_not_listen_is_an_error_that_says_so()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        bound.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var sockets = new PortSockets([new HandedDescriptor(NativeDescriptors.Duplicate(bound.SafeHandle), null, IsHeld: false)]);
        var error = Assert.Throws<InstanceStartException>(
            () => sockets.Claim(new Dictionary<EndPoint, string> { [bound.LocalEndPoint!] = "listen_address" }));
        Assert.Contains("does not listen, at 127.0.0.1:", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_of_the_process_before_is_closed_when_the_port_has_moved()
    {
        var sockets = new PortSockets([Hand(isHeld: false)]);
        sockets.Claim(new Dictionary<EndPoint, string> { [_elsewhere] = "listen_address" });
        Assert.Null(sockets.Take(_elsewhere));
        Assert.Empty(sockets.Open);
    }
}
