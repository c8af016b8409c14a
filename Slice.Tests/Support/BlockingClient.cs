using System.Net;
using System.Net.Sockets;

namespace Slice.Tests.Support;

/// <summary>
/// Exchanges that allocate nothing on this side: one buffer, blocking calls, and the head is only searched for its end. Every answer must
/// be a 206.
/// </summary>
internal sealed class BlockingClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[256 << 10];

    /// <summary>Connects; no answer may be longer in coming than <paramref name="patience"/> (default <see cref="Deadline.Default"/>).
    /// </summary>
    public BlockingClient(EndPoint endPoint, TimeSpan? patience = null)
    {
        _socket.Connect(endPoint);
        _socket.ReceiveTimeout = (int)(patience ?? Deadline.Default).TotalMilliseconds;
    }

    /// <summary>Sends a request and reads its answer, of which <paramref name="bodyBytes"/> bytes are body.</summary>
    public void Exchange(byte[] request, int bodyBytes)
    {
        _socket.Send(request);
        int received = 0;
        int headBytes = -1;
        while (headBytes < 0)
        {
            received += Receive(_buffer.AsSpan(received));
            headBytes = _buffer.AsSpan(0, received).IndexOf("\r\n\r\n"u8);
        }

        if (!_buffer.AsSpan().StartsWith("HTTP/1.1 206 "u8))
        {
            throw new InvalidDataException(Wire.Show(_buffer.AsSpan(0, received)));
        }

        for (int left = bodyBytes - (received - headBytes - 4); left > 0;)
        {
            left -= Receive(_buffer.AsSpan(0, Math.Min(left, _buffer.Length)));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private int Receive(Span<byte> destination)
    {
        int received = _socket.Receive(destination);
        return received > 0 ? received : throw new EndOfStreamException("closed inside a response");
    }
}
