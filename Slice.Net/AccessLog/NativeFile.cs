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
    private const int Exists = 17;

    // rw-r-----: lines have addresses of clients, and tokens that stand in targets.
    private const uint Mode = 0x1A0;

    // linux/stat.h; see Slice.Core/Storage/FileState.cs.
    private const int EmptyPath = 0x1000;
    private const uint AskForLinks = 0x0004;
    private const int StatxBytes = 256;
    private const int LinksAt = 16;

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
        fixed (byte* first = state)
        {
            return Statx(file, "", EmptyPath, AskForLinks, first) == 0 && MemoryMarshal.Read<uint>(state[LinksAt..]) == 0;
        }
    }

    /// <summary>Writes as much as the file takes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="bytes">What to write.</param>
    /// <param name="problem">Why not all was written; null when all was.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, out string? problem)
    {
        int written = 0;
        problem = null;
        while (written < bytes.Length)
        {
            nint now;
            fixed (byte* first = bytes[written..])
            {
                now = Write(file, first, (nuint)(bytes.Length - written));
            }

            if (now > 0)
            {
                written += (int)now;
            }
            else if (now == 0 || Marshal.GetLastPInvokeError() != Interrupted)
            {
                problem = now == 0 ? "nothing was written" : LastProblem();
                break;
            }
        }

        return written;
    }

    private static string LastProblem() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    private static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, byte* state);
}
