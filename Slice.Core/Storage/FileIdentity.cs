using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>Which file it is, whatever name leads there, and of what kind.</summary>
/// <param name="Device">The file system (st_dev).</param>
/// <param name="Inode">Its number there (st_ino).</param>
/// <param name="Type">Its kind: the bits of st_mode under S_IFMT.</param>
internal readonly partial record struct FileIdentity(ulong Device, ulong Inode, int Type)
{
    private const int WorkingDirectory = -100;
    private const int EmptyPath = 0x1000;
    private const uint AskForTypeAndInode = 0x0001 | 0x0100;

    // linux/stat.h; see FileState.
    private const int StatxBytes = 256;
    private const int ModeAt = 28;
    private const int InodeAt = 32;
    private const int DeviceAt = 136;

    // S_IFMT and what stands there; the same on every architecture.
    private const int TypeMask = 0xF000;
    private const int NamedPipe = 0x1000;
    private const int CharacterDevice = 0x2000;
    private const int DirectoryType = 0x4000;
    private const int BlockDevice = 0x6000;
    private const int RegularFile = 0x8000;

    private const int NoEntry = 2;
    private const int NotADirectory = 20;
    private const int TooManyLinks = 40;

    /// <summary>Of an open file or directory.</summary>
    /// <exception cref="IOException">The file system does not know it any more.</exception>
    public static FileIdentity Of(SafeFileHandle file)
    {
        bool addsReference = false;
        try
        {
            file.DangerousAddRef(ref addsReference);
            return TryAsk((int)file.DangerousGetHandle(), "", EmptyPath, out var identity) is var error and > 0
                ? throw new IOException($"statx: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})", error)
                : identity;
        }
        finally
        {
            if (addsReference)
            {
                file.DangerousRelease();
            }
        }
    }

    /// <summary>Of what stands at a path; symbolic links are followed.</summary>
    /// <param name="path">The path.</param>
    /// <param name="error">The kernel's number when there is no answer; 0 otherwise.</param>
    public static FileIdentity? At(string path, out int error) =>
        (error = TryAsk(WorkingDirectory, path, 0, out var identity)) == 0 ? identity : null;

    /// <summary>
    /// What stands at a path instead of a file, in words such as <c>a named pipe</c>: opening it would wait for somebody at the other end.
    /// Null when it is a file, or nothing, or may not be looked at.
    /// </summary>
    public static string? StrangerAt(string path)
    {
        if (At(path, out int error) is { } found)
        {
            return found.Type switch
            {
                RegularFile => null,
                NamedPipe => "a named pipe",
                CharacterDevice or BlockDevice => "a device",
                DirectoryType => "a directory",
                _ => "a socket",
            };
        }

        return error == TooManyLinks ? "a symbolic link that leads in a circle" : null;
    }

    /// <summary>Whether a file stands at a path, which can be opened without waiting.</summary>
    public static bool IsFile(string path) => At(path, out _) is { Type: RegularFile };

    /// <summary>Whether <paramref name="error"/>, of <see cref="At"/>, says that the path leads nowhere.</summary>
    public static bool SaysNothingIsThere(int error) => error is NoEntry or NotADirectory or TooManyLinks;

    private static unsafe int TryAsk(int directory, string path, int flags, out FileIdentity identity)
    {
        Span<byte> state = stackalloc byte[StatxBytes];
        fixed (byte* first = state)
        {
            if (Statx(directory, path, flags, AskForTypeAndInode, first) != 0)
            {
                identity = default;
                return Marshal.GetLastPInvokeError();
            }
        }

        identity = new FileIdentity(
            MemoryMarshal.Read<ulong>(state[DeviceAt..]),
            MemoryMarshal.Read<ulong>(state[InodeAt..]),
            MemoryMarshal.Read<ushort>(state[ModeAt..]) & TypeMask);
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Statx(int directory, string path, int flags, uint mask, byte* state);
}
