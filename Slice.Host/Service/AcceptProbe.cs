using System.Net;
using System.Net.Sockets;

namespace Slice.Host.Service;

/// <summary>
/// Finds out whether connections are still accepted: connects to a port of this process, and the listener that accepts the connection
/// knows it by its port and ends it. No request, no limit and no protocol of the port is touched. One probe at a time; listeners call from
/// any thread.
/// </summary>
internal sealed class AcceptProbe
{
    private volatile Expected? _expected;

    /// <summary>Connects, and waits until a listener has accepted the connection.</summary>
    /// <param name="port">Where the process listens; the wildcard address stands for this machine's own.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="SocketException">There is no connection.</exception>
    /// <exception cref="OperationCanceledException">Nobody has accepted it in time.</exception>
    public async Task RunAsync(IPEndPoint port, CancellationToken ct)
    {
        bool isV6 = port.AddressFamily == AddressFamily.InterNetworkV6;
        var wildcard = isV6 ? IPAddress.IPv6Any : IPAddress.Any;
        var address = !port.Address.Equals(wildcard) ? port.Address : isV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback;
        using var socket = new Socket(port.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        // Bound first: the listener may be faster than whoever looks at the port after connecting. No waiting state is left behind.
        socket.Bind(new IPEndPoint(wildcard, 0));
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        var expected = new Expected(((IPEndPoint)socket.LocalEndPoint!).Port);
        _expected = expected;
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port.Port), ct);
            await expected.Accepted.Task.WaitAsync(ct);
        }
        finally
        {
            _expected = null;
        }
    }

    /// <summary>Whether a connection that was just accepted is the probe's; its owner closes it then.</summary>
    public bool Recognizes(Socket accepted)
    {
        // A connection of this machine to itself has one address at both ends, and no other process has the port.
        if (_expected is not { } expected
            || accepted.RemoteEndPoint is not IPEndPoint remote
            || remote.Port != expected.Port
            || accepted.LocalEndPoint is not IPEndPoint local
            || !local.Address.Equals(remote.Address))
        {
            return false;
        }

        expected.Accepted.TrySetResult();
        return true;
    }

    private sealed record Expected(int Port)
    {
        public TaskCompletionSource Accepted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
