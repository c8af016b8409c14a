using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Slice.Host.Service;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Service;

/// <summary>Clients leave the reserve of descriptors alone, the metrics port may use it, and a port that waits can be closed.</summary>
public sealed class SocketListenerTests : IAsyncLifetime
{
    private const string ClientKey = "listen_address";
    private const string MetricsKey = "metrics_endpoint.address";

    private readonly LogCapture _log = new();
    private LoggerFactory _loggers = null!;
    private DescriptorWatch _watch = null!;
    private IConnectionListener _listener = null!;
    private Socket _client = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _loggers = new LoggerFactory([_log]);

        // Every descriptor lies in the reserve.
        _watch = new DescriptorWatch(_loggers.CreateLogger<DescriptorWatch>(), TimeProvider.System) { FirstSpare = 0 };
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _listener.DisposeAsync();
        _watch.Dispose();
        _loggers.Dispose();
        _log.Dispose();
    }

    // A client has connected and sent a word when this returns.
    private async Task<Task<ConnectionContext?>> AcceptAsync(string key, PortSockets? sockets = null)
    {
        var endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        var transport = Microsoft.Extensions.Options.Options.Create(new SocketTransportOptions());
        var factory = new ListenerFactory(transport, _loggers, _watch, new Dictionary<EndPoint, string> { [endPoint] = key },
            sockets ?? new PortSockets([]), new AcceptProbe());
        _listener = await factory.BindAsync(endPoint, Ct);
        _client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await _client.ConnectAsync(_listener.EndPoint, Ct);
        await _client.SendAsync("ping"u8.ToArray(), Ct);
        return _listener.AcceptAsync(Ct).AsTask();
    }

    private Task ShortAsync() => Eventually.TrueAsync(
        () => _log.Lines.Any(line => line.StartsWith("Warning descriptors_short", StringComparison.Ordinal)), "a port that waits");

    private async Task AssertServedAsync(Task<ConnectionContext?> accepting)
    {
        var connection = await Deadline.WithinAsync(accepting, "a connection");
        Assert.NotNull(connection);
        await using (connection)
        {
            var read = await connection.Transport.Input.ReadAsync(Ct);
            Assert.Equal("ping", Encoding.ASCII.GetString(read.Buffer.ToArray()));
            connection.Transport.Input.AdvanceTo(read.Buffer.End);
            await connection.Transport.Output.WriteAsync("pong"u8.ToArray(), Ct);
            byte[] answer = new byte[4];
            Assert.Equal(4, await _client.ReceiveAsync(answer, Ct));
            Assert.Equal("pong", Encoding.ASCII.GetString(answer));
            await connection.Transport.Input.CompleteAsync();
            await connection.Transport.Output.CompleteAsync();
        }
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public async Task Client_that_lies_in_the_reserve_is_served_when_a_lower_descriptor_is_free()
    {
        var accepting = await AcceptAsync(ClientKey);
        await ShortAsync();
        Assert.False(accepting.IsCompleted);

        _watch.FirstSpare = int.MaxValue;

        await AssertServedAsync(accepting);
    }

    [Fact]
    [Trait("Behaviour", "B55")]
    public async Task Metrics_port_may_use_the_reserve()
    {
        await AssertServedAsync(await AcceptAsync(MetricsKey));

        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal));
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Client_waits_in_the_queue_while_another_process_serves_the_port()
    {
        var sockets = new PortSockets([], isServedByOther: true);
        var accepting = await AcceptAsync(MetricsKey, sockets);
        Assert.False(accepting.IsCompleted);
        Assert.Equal(0, _client.Available);

        sockets.Gate.Open();

        await AssertServedAsync(accepting);
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Port_takes_nobody_while_the_gate_is_closed_and_goes_on_when_it_opens()
    {
        var sockets = new PortSockets([]);
        await AssertServedAsync(await AcceptAsync(MetricsKey, sockets));
        var accepting = _listener.AcceptAsync(Ct).AsTask();
        await Deadline.WithinAsync(sockets.Gate.CloseAsync(), "the gate to be closed");
        _client.Dispose();
        _client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await _client.ConnectAsync(_listener.EndPoint, Ct);
        await _client.SendAsync("ping"u8.ToArray(), Ct);
        Assert.False(accepting.IsCompleted);

        sockets.Gate.Open();

        await AssertServedAsync(accepting);
        Assert.False(sockets.Failure.IsCompleted);
    }

    // As another process can do that has the socket, too: accept(2) says EINVAL from then on.
    [Fact]
    public async Task Port_whose_socket_listens_no_more_is_told_as_failed()
    {
        var sockets = new PortSockets([]);
        await AssertServedAsync(await AcceptAsync(MetricsKey, sockets));
        var accepting = _listener.AcceptAsync(Ct).AsTask();
        using (var other = new Socket(new SafeSocketHandle(sockets.Open[0].Number, ownsHandle: false)))
        {
            other.Shutdown(SocketShutdown.Both);
        }

        string failure = await Deadline.WithinAsync(sockets.Failure, "the port to fail");
        Assert.StartsWith(MetricsKey + ": ", failure, StringComparison.Ordinal);
        Assert.Null(await Deadline.WithinAsync(accepting, "the end of the port"));
    }

    [Fact]
    [Trait("Behaviour", "B67")]
    public async Task Port_that_never_became_ours_is_closed_at_once()
    {
        var accepting = await AcceptAsync(ClientKey, new PortSockets([], isServedByOther: true));

        await _listener.UnbindAsync(Ct);

        Assert.Null(await Deadline.WithinAsync(accepting, "the end of the port"));
    }

    [Fact]
    public async Task Port_that_is_closed_while_a_client_waits_accepts_no_more_and_closes_the_client()
    {
        var accepting = await AcceptAsync(ClientKey);
        await ShortAsync();

        await _listener.UnbindAsync(Ct);

        Assert.Null(await Deadline.WithinAsync(accepting, "the end of the port"));

        // The word that nobody read makes the kernel end it with a reset.
        await Assert.ThrowsAsync<SocketException>(async () => await _client.ReceiveAsync(new byte[1], Ct));
    }

    [Fact]
    public async Task Port_that_is_closed_while_nobody_comes_accepts_no_more()
    {
        _watch.FirstSpare = int.MaxValue;
        await AssertServedAsync(await AcceptAsync(ClientKey));
        var accepting = _listener.AcceptAsync(Ct).AsTask();

        await _listener.UnbindAsync(Ct);

        Assert.Null(await Deadline.WithinAsync(accepting, "the end of the port"));
    }
}
