using System.Buffers.Binary;
using System.Net.Sockets;

namespace Slice.Net.Connections;

/// <summary>How far the client has taken what was sent to it, and whether its direction has ended. Thread-safe.</summary>
internal static class ClientProgress
{
    // tcp(7). The structure only ever grows at its end.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int StateOffset = 0;
    private const int BytesAckedOffset = 120;
    private const int InfoBytes = BytesAckedOffset + sizeof(long);

    // TCP_CLOSE_WAIT of net/tcp_states.h: a FIN has come, no RST, and we have not ended our direction.
    private const byte CloseWait = 8;

    /// <summary>
    /// Bytes that the client's kernel has acknowledged since the connection began (tcpi_bytes_acked of TCP_INFO): about a third of a
    /// microsecond. The client's own buffer counts as taken; once it is full, the count follows the client's reads. 0 when the
    /// connection is gone or is no TCP.
    /// </summary>
    public static long BytesTaken(Socket? socket)
    {
        Span<byte> info = stackalloc byte[InfoBytes];
        return TryRead(socket, info) ? BinaryPrimitives.ReadInt64LittleEndian(info[BytesAckedOffset..]) : 0;
    }

    /// <summary>
    /// Whether the client has ended its direction and neither side the connection (tcpi_state of TCP_INFO). False when the connection is
    /// gone or is no TCP.
    /// </summary>
    /// <param name="socket">The connection.</param>
    /// <param name="bytesTaken">As <see cref="BytesTaken"/>.</param>
    public static bool IsHalfClosed(Socket? socket, out long bytesTaken)
    {
        Span<byte> info = stackalloc byte[InfoBytes];
        bool isKnown = TryRead(socket, info);
        bytesTaken = isKnown ? BinaryPrimitives.ReadInt64LittleEndian(info[BytesAckedOffset..]) : 0;
        return isKnown && info[StateOffset] == CloseWait;
    }

    private static bool TryRead(Socket? socket, Span<byte> info)
    {
        try
        {
            return socket?.GetRawSocketOption(TcpLevel, TcpInfo, info) == info.Length;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}
