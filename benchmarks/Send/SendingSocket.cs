using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Slice.Benchmarks.Send;

/// <summary>A socket that does not wait, by system calls of which the runtime offers none as it is.</summary>
internal sealed unsafe partial class SendingSocket : IDisposable
{
    private const int MsgDontWait = 0x40;
    private const int MsgNoSignal = 0x4000;
    private const int MsgErrorQueue = 0x2000;
    private const int MsgZeroCopy = 0x4000000;
    private const int SolSocket = 1;
    private const int SoZeroCopy = 60;
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private const int NoBuffers = 105;

    // sock_extended_err behind a header of 16 bytes: ee_origin at 4, ee_code at 6, ee_info at 8, ee_data at 12.
    private const int ControlHeaderBytes = 16;
    private const byte OriginZeroCopy = 5;
    private const byte CodeCopied = 1;

    private readonly Socket _socket;
    private readonly SendMethod _method;
    private readonly int _descriptor;

    /// <summary>Takes over a connected socket.</summary>
    public SendingSocket(Socket socket, SendMethod method)
    {
        (_socket, _method, _descriptor) = (socket, method, (int)socket.Handle);
        _socket.NoDelay = true;
        _socket.Blocking = false;
        int on = 1;
        if (method == SendMethod.ZeroCopy && SetOption(_descriptor, SolSocket, SoZeroCopy, &on, sizeof(int)) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "SO_ZEROCOPY");
        }
    }

    /// <summary>For poll(2).</summary>
    public int Descriptor => _descriptor;

    /// <summary>System calls that sent something.</summary>
    public long Sends { get; private set; }

    /// <summary>Sends by MSG_ZEROCOPY that the kernel has not finished with.</summary>
    public long Outstanding { get; private set; }

    /// <summary>Those of them that the kernel copied all the same.</summary>
    public long Copied { get; private set; }

    /// <summary>Sends what the socket takes now; 0 when it takes nothing.</summary>
    /// <param name="mapping">The file in memory.</param>
    /// <param name="file">Its descriptor.</param>
    /// <param name="offset">Where in the file.</param>
    /// <param name="count">Bytes at most.</param>
    public long Send(byte* mapping, int file, long offset, long count)
    {
        while (true)
        {
            nint sent = _method == SendMethod.SendFile
                ? SendFile(_descriptor, file, &offset, (nint)count)
                : NativeSend(
                    _descriptor, mapping + offset, (nint)count,
                    MsgDontWait | MsgNoSignal | (_method == SendMethod.ZeroCopy ? MsgZeroCopy : 0));
            if (sent > 0)
            {
                Sends++;
                Outstanding += _method == SendMethod.ZeroCopy ? 1 : 0;
                return sent;
            }

            switch (sent < 0 ? Marshal.GetLastPInvokeError() : 0)
            {
                case Interrupted:
                    continue;
                case TryAgain:
                    return 0;

                // Too many that the kernel has not told of, or whose word nobody has taken.
                case NoBuffers:
                    TakeWord();
                    return 0;
                case var error:
                    throw new Win32Exception(error);
            }
        }
    }

    /// <summary>Reads what the kernel has finished with.</summary>
    public void TakeWord()
    {
        byte* control = stackalloc byte[128];
        while (true)
        {
            var message = new MessageHeader { Control = control, ControlLength = 128 };
            if (ReceiveMessage(_descriptor, &message, MsgErrorQueue | MsgDontWait) < 0)
            {
                return;
            }

            byte* word = control + ControlHeaderBytes;
            if (message.ControlLength >= ControlHeaderBytes + 16 && word[4] == OriginZeroCopy)
            {
                long finished = *(uint*)(word + 12) - (long)*(uint*)(word + 8) + 1;
                Outstanding -= finished;
                Copied += word[6] == CodeCopied ? finished : 0;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint NativeSend(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    private static partial nint SendFile(int socket, int file, long* offset, nint count);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int descriptor, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(int descriptor, int level, int name, void* value, int length);

    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public void* Name;
        public int NameLength;
        public void* Pieces;
        public nuint PieceCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }
}
