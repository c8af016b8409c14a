using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>A loopback port that refuses every connection and that nobody else can take meanwhile.</summary>
public sealed class RefusingPort : IDisposable
{
    // Bound and not listening: the kernel answers SYN with RST.
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    /// <summary>Takes a port.</summary>
    public RefusingPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>Its root as a URI.</summary>
    public Uri Uri => new($"http://{_socket.LocalEndPoint}/");

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();
}
