using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Net.AccessLog;

/// <summary>
/// Files that only grow, by the system calls that the BCL does not offer: open(2) with O_APPEND, so that several processes may share one
/// file and a file cut by somebody else (logrotate's copytruncate) gets no hole, and write(2).
/// </summary>
internal static unsafe partial class NativeFile
{
    private const int WriteOnly = 0x1;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int NoTerminal = 0x100;
    private const int Append = 0x400;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    private const int Interrupted = 4;
    private const int Again = 11;
    private const int Exists = 17;

    // poll(2).
    private const short Writable = 0x4;

    // PIPE_BUF of Linux: a write of no more is one piece in a pipe, among those of other processes (pipe(7)).
    private const int PieceBytes = 4096;

    // What a full pipe may hold up the one write, and so what its thread learns late of a reload or of the end. Arbitrary.
    private const int LongestWaitMs = 100;

    // rw-r-----: lines have addresses of clients, and tokens that stand in targets.
    private const uint Mode = 0x1A0;

    // linux/stat.h; see Slice.Core/Storage/FileState.cs.
    private const int EmptyPath = 0x1000;
    private const uint AskForTypeAndLinks = 0x0005;
    private const int StatxBytes = 256;
    private const int LinksAt = 16;
    private const int ModeAt = 28;
    private const int TypeOfMode = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>Opens a file for appending, made with mode 0640 when it is missing, whatever the umask.</summary>
    /// <param name="path">The file. A pipe that nobody reads is a problem, not a wait.</param>
    /// <param name="file">The file, the caller's; null when the result is not.</param>
    /// <returns>What the kernel says against it, or null.</returns>
    public static string? OpenToAppend(string path, out SafeFileHandle? file)
    {
        const int Flags = WriteOnly | NoTerminal | Append | NonBlocking | CloseOnExec;
        file = null;
        int descriptor = Open(path, Flags | Create | Exclusive, Mode);
        bool isNew = descriptor >= 0;
        if (!isNew && Marshal.GetLastPInvokeError() == Exists)
        {
            descriptor = Open(path, Flags, 0);
        }

        if (descriptor < 0)
        {
            return LastProblem();
        }

        file = new SafeFileHandle(descriptor, ownsHandle: true);
        if (isNew)
        {
            _ = ChangeMode(file, Mode);
        }

        return null;
    }

    /// <summary>Whether a file has no name any more: nobody will ever read what is written into it.</summary>
    public static bool IsDeleted(SafeFileHandle file)
    {
        Span<byte> state = stackalloc byte[StatxBytes];
        return TryAsk(file, state) && MemoryMarshal.Read<uint>(state[LinksAt..]) == 0;
    }

    /// <summary>Whether it is no pipe, terminal or socket, which have readers and may be full for a while.</summary>
    public static bool IsRegular(SafeFileHandle file)
    {
        Span<byte> state = stackalloc byte[StatxBytes];
        return TryAsk(file, state) && (MemoryMarshal.Read<ushort>(state[ModeAt..]) & TypeOfMode) == RegularFile;
    }

    /// <summary>Writes as much as the file takes: all, unless there is a problem or a reader that is slow.</summary>
    /// <param name="file">The file. One that is not regular is waited for here once, a tenth of a second at most.</param>
    /// <param name="lines">What to write.</param>
    /// <param name="isRegular">Else lines go in pieces that do not mix with those that other processes write there.</param>
    /// <param name="problem">What the kernel says against the rest; null when all was written, and when a reader has not made room.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> lines, bool isRegular, out string? problem)
    {
        int written = 0;
        bool mayWait = true;
        problem = null;

        // Standard error blocks, as its descriptor is shared with other processes. A pipe with room has room for a piece (pipe(7)).
        while (written < lines.Length && (isRegular || HasRoom(file, ref mayWait)))
        {
            var piece = isRegular ? lines[written..] : PieceOf(lines[written..]);
            nint now;
            fixed (byte* first = piece)
            {
                now = Write(file, first, (nuint)piece.Length);
            }

            int error = now < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (now > 0)
            {
                written += (int)now;
            }
            else if (error is not (Interrupted or Again))
            {
                problem = now == 0 ? "nothing was written" : LastProblem();
                break;
            }
        }

        return written;
    }

    private static ReadOnlySpan<byte> PieceOf(ReadOnlySpan<byte> lines)
    {
        if (lines.Length <= PieceBytes)
        {
            return lines;
        }

        int lastEnd = lines[..PieceBytes].LastIndexOf((byte)'\n');
        return lines[..((lastEnd >= 0 ? lastEnd : lines.IndexOf((byte)'\n')) + 1)];
    }

    // Waits once in a call of the one above. Also true when the reader has left or a signal came: the next write tells.
    private static bool HasRoom(SafeFileHandle file, ref bool mayWait)
    {
        var asked = new PollDescriptor { Descriptor = (int)file.DangerousGetHandle(), Events = Writable };
        if (Poll(&asked, 1, 0) != 0)
        {
            return true;
        }

        bool hasRoom = mayWait && Poll(&asked, 1, LongestWaitMs) != 0;
        mayWait = false;
        return hasRoom;
    }

    private static bool TryAsk(SafeFileHandle file, Span<byte> state)
    {
        fixed (byte* first = state)
        {
            return Statx(file, "", EmptyPath, AskForTypeAndLinks, first) == 0;
        }
    }

    private static string LastProblem() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, byte* state);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
