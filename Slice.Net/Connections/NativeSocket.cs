using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Slice.Net.Connections;

/// <summary>sendmsg(2) with two pieces, which the BCL offers only with a list of array segments.</summary>
internal static unsafe partial class NativeSocket
{
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;

    private const int Interrupted = 4;
    private const int BadDescriptor = 9;
    private const int TryAgain = 11;

    /// <summary>errno of an address the kernel cannot read: the file behind a mapping was cut short, or its device failed.</summary>
    public const int BadAddress = 14;

    /// <summary>
    /// Sends as much of both pieces as the socket takes at once, in order.
    /// </summary>
    /// <returns>
    /// Bytes sent, 0 when the socket takes nothing now; -1 with <paramref name="errno"/> set when it never will, also when it was disposed
    /// meanwhile.
    /// </returns>
    public static long SendNow(Socket socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, out int errno)
    {
        try
        {
            return SendNow(socket.SafeHandle, first, second, out errno);
        }
        catch (ObjectDisposedException)
        {
            // By a deadline, at shutdown, or by the transport, which has seen a reset.
            errno = BadDescriptor;
            return -1;
        }
    }

    private static long SendNow(SafeSocketHandle socket, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, out int errno)
    {
        errno = 0;
        fixed (byte* firstAddress = first)
        fixed (byte* secondAddress = second)
        {
            IoVector* pieces = stackalloc IoVector[2];
            pieces[0] = new IoVector(firstAddress, (nuint)first.Length);
            pieces[1] = new IoVector(secondAddress, (nuint)second.Length);
            var message = new MessageHeader { Pieces = pieces, PieceCount = 2 };
            while (true)
            {
                nint sent = SendMessage(socket, &message, MsgDontWait | MsgNoSignal);
                if (sent >= 0)
                {
                    return sent;
                }

                errno = Marshal.GetLastPInvokeError();
                if (errno != Interrupted)
                {
                    return errno == TryAgain ? 0 : -1;
                }
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeSocketHandle socket, MessageHeader* message, int flags);

    // struct iovec
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct IoVector(byte* address, nuint length)
    {
        public readonly byte* Address = address;
        public readonly nuint Length = length;
    }

    // struct msghdr of 64-bit Linux
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public IoVector* Pieces;
        public nuint PieceCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
