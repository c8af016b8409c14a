using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Slice.Benchmarks.Load;

/// <summary>
/// A blocking TCP connection that can take bytes from the kernel without copying them, so that the load tool leaves the processors to the
/// server.
/// </summary>
internal sealed unsafe partial class BlockingSocket : ILoadConnection
{
    private const int MsgTrunc = 0x20;
    private const int MsgWaitAll = 0x100;
    private const int TimeoutMs = 60_000;

    // What a discarding receive waits for at once: large enough that wake-ups are few, small enough that the receive window never closes on
    // it.
    private const int DiscardBytes = 512 << 10;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly int _descriptor;

    public BlockingSocket(IPEndPoint endPoint)
    {
        _socket.NoDelay = true;
        _socket.ReceiveTimeout = TimeoutMs;
        _socket.SendTimeout = TimeoutMs;
        _socket.Connect(endPoint);
        _descriptor = (int)_socket.Handle;
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    public int Receive(Span<byte> buffer)
    {
        fixed (byte* pointer = buffer)
        {
            return Checked(NativeReceive(_descriptor, pointer, buffer.Length, 0));
        }
    }

    // MSG_TRUNC on a TCP socket frees the bytes uncopied; tcp(7).
    public void Discard(long count)
    {
        while (count > 0)
        {
            count -= Checked(NativeReceive(_descriptor, null, (nint)Math.Min(count, DiscardBytes), MsgTrunc | MsgWaitAll));
        }
    }

    public void Dispose() => _socket.Dispose();

    private static int Checked(nint received) => received switch
    {
        > 0 => (int)received,
        0 => throw new EndOfStreamException("the server closed the connection inside a response"),
        _ => throw new Win32Exception(Marshal.GetLastPInvokeError()),
    };

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint NativeReceive(int descriptor, byte* buffer, nint length, int flags);
}
