using System.Net.Security;
using System.Net.Sockets;

namespace Slice.Net.Origin;

/// <summary>
/// TLS to the origin that knows how it ended. What ends with the connection (a body without length, RFC 9112 §9.8; a tunnel) is whole only
/// after close_notify: anybody on the way can send a FIN. Connections that end while idle are no matter of ours, so this is no exception.
/// </summary>
internal sealed class OriginTlsStream : SslStream
{
    private readonly Inner _inner;

    private OriginTlsStream(Inner inner)
        : base(inner, leaveInnerStreamOpen: false) => _inner = inner;

    /// <summary>The socket beneath.</summary>
    public Socket Socket => _inner.Socket;

    /// <summary>TLS over a connected socket, which it owns.</summary>
    public static OriginTlsStream Over(Socket socket) => new(new Inner(socket));

    /// <summary>Whether the TCP stream ended without a close_notify before it. After that, TLS asks for no more bytes.</summary>
    public bool WasCutOff => _inner.HasEnded;

    private sealed class Inner(Socket socket) : NetworkStream(socket, ownsSocket: true)
    {
        private volatile bool _hasEnded;

        public bool HasEnded => _hasEnded;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            _hasEnded |= read == 0 && !buffer.IsEmpty;
            return read;
        }
    }
}
