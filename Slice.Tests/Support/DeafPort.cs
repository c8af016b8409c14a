using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// A port of this machine that answers no SYN, as a host that is switched off: its queue of connections is full, and nobody accepts.
/// </summary>
internal sealed class DeafPort : IDisposable
{
    private readonly List<Socket> _sockets = [];

    /// <summary>Listens there and fills the queue.</summary>
    public DeafPort(IPAddress address, int port)
    {
        var endPoint = new IPEndPoint(address, port);
        var listener = NewSocket();
        listener.Bind(endPoint);
        listener.Listen(0);

        // Linux queues one connection more than it is told to; the others wait for an answer from here on.
        for (int client = 0; client < 3; client++)
        {
            var filler = NewSocket();
            filler.Blocking = false;
            Assert.Equal(
                SocketError.WouldBlock, Assert.Throws<SocketException>(() => filler.Connect(endPoint)).SocketErrorCode);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private Socket NewSocket()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        return socket;
    }
}
