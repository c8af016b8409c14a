using System.Buffers.Binary;
using System.Net.Sockets;

namespace Slice.Net.Connections;

/// <summary>How far the client has taken what was sent to it. Thread-safe.</summary>
internal static class ClientProgress
{
    // tcp(7). The structure only ever grows at its end.
    private const int TcpLevel = 6;
    private const int TcpInfo = 11;
    private const int BytesAckedOffset = 120;

    /// <summary>
    /// Bytes that the client's kernel has acknowledged since the connection began (tcpi_bytes_acked of TCP_INFO): about a third of a
    /// microsecond. The client's own buffer counts as taken; once it is full, the count follows the client's reads. 0 when the
    /// connection is gone or is no TCP.
    /// </summary>
    public static long BytesTaken(Socket? socket)
    {
        Span<byte> info = stackalloc byte[BytesAckedOffset + sizeof(long)];
        try
        {
            int length = socket?.GetRawSocketOption(TcpLevel, TcpInfo, info) ?? 0;
            return length == info.Length ? BinaryPrimitives.ReadInt64LittleEndian(info[BytesAckedOffset..]) : 0;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return 0;
        }
    }
}
