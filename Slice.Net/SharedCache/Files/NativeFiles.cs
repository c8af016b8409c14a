using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// The system calls for files below an open directory, with the kernel's own numbers for errors: openat(2), renameat(2), linkat(2) and
/// their like, which the BCL does not offer. Every one of them may block for as long as the file system likes. Thread-safe.
/// </summary>
internal static unsafe partial class NativeFiles
{
    private const int WorkingDirectory = -100;
    private const int WriteOnly = 0x1;
    private const int ReadWrite = 0x2;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NoReadTime = 0x40000;

    // rw-rw---- and rwxrwx---, less what the umask takes away: values are nobody else's business.
    private const uint FileMode = 0x1B0;
    private const uint DirectoryMode = 0x1F8;

    private const int RemoveDirectory = 0x200;
    private const long Now = 0x3FFFFFFF;
    private const long Omit = 0x3FFFFFFE;
    private const long NsPerSecond = 1_000_000_000;

    // linux/stat.h; the layout of struct statx is the same on every architecture.
    private const int EmptyPath = 0x1000;
    private const int NoFollowLink = 0x100;
    private const int ForceSync = 0x2000;
    private const uint BasicStatus = 0x07FF;
    private const int StatxBytes = 256;
    private const int LinksAt = 16;
    private const int ModeAt = 28;
    private const int InodeAt = 32;
    private const int LengthAt = 40;
    private const int BlocksAt = 48;
    private const int ReadTimeAt = 64;
    private const int WriteTimeAt = 112;
    private const int DeviceAt = 136;
    private const int BlockBytes = 512;
    private const int TypeOfMode = 0xF000;
    private const int RegularFile = 0x8000;
    private const int Directory = 0x4000;

    // O_NOFOLLOW is another bit on ARM.
    private static readonly int s_noFollow =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0x8000 : 0x20000;

    /// <summary>Opens a directory by its path, or what else stands there.</summary>
    /// <returns>0, or the kernel's number.</returns>
    public static int OpenRoot(string path, out SafeFileHandle? directory) =>
        Opened(OpenAt(WorkingDirectory, path, NonBlocking | CloseOnExec, 0), out directory);

    /// <summary>
    /// Opens a file for reading, or for both. Never waits for somebody at the other end of a pipe, nor for the holder of a lease, and
    /// follows no symbolic link.
    /// </summary>
    public static int Open(SafeFileHandle root, string name, bool isForWriting, out SafeFileHandle? file)
    {
        int flags = (isForWriting ? ReadWrite : 0) | NonBlocking | CloseOnExec | s_noFollow;
        int error = Opened(OpenAt(root, name, flags | NoReadTime, 0), out file);

        // Only the owner of a file may read it without its time of reading being noted.
        return error == FileTrouble.NotPermitted ? Opened(OpenAt(root, name, flags, 0), out file) : error;
    }

    /// <summary>Makes a file that must not be there yet: one of several callers succeeds, over NFS too.</summary>
    public static int CreateNew(SafeFileHandle root, string name, out SafeFileHandle? file) =>
        Opened(OpenAt(root, name, WriteOnly | Create | Exclusive | CloseOnExec, FileMode), out file);

    /// <summary>Reads from a place on, until the buffer or the file ends.</summary>
    public static int Read(SafeFileHandle file, Span<byte> buffer, long offset, out int read)
    {
        read = 0;
        while (read < buffer.Length)
        {
            nint now;
            fixed (byte* first = buffer[read..])
            {
                now = Pread(file, first, (nuint)(buffer.Length - read), offset + read);
            }

            if (now == 0)
            {
                return 0;
            }

            int error = now < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error is not (0 or FileTrouble.Interrupted))
            {
                return error;
            }

            read += (int)Math.Max(0, now);
        }

        return 0;
    }

    /// <summary>Writes all bytes to a place.</summary>
    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        for (int written = 0; written < bytes.Length;)
        {
            nint now;
            fixed (byte* first = bytes[written..])
            {
                now = Pwrite(file, first, (nuint)(bytes.Length - written), offset + written);
            }

            int error = now < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (error is not (0 or FileTrouble.Interrupted) || now == 0)
            {
                return now == 0 ? FileTrouble.InputOutput : error;
            }

            written += (int)Math.Max(0, now);
        }

        return 0;
    }

    /// <summary>
    /// Closes a file and tells what close(2) says: NFS reports a full disk or quota only here. The caller is the only one who has it.
    /// </summary>
    public static int Close(SafeFileHandle file)
    {
        int descriptor = (int)file.DangerousGetHandle();
        file.SetHandleAsInvalid();
        int error = CloseDescriptor(descriptor) == 0 ? 0 : Marshal.GetLastPInvokeError();

        // The descriptor is gone whatever close says (close(2), Linux).
        return error == FileTrouble.Interrupted ? 0 : error;
    }

    /// <summary>What an open file is.</summary>
    public static int Status(SafeFileHandle file, out FileStatus status) => StatusAt(file, "", EmptyPath, out status);

    /// <summary>What stands at a name, asked of the server whatever this machine remembers.</summary>
    public static int Status(SafeFileHandle root, string name, out FileStatus status) =>
        StatusAt(root, name, (name.Length == 0 ? EmptyPath : NoFollowLink) | ForceSync, out status);

    /// <summary>What stands at a path; links are followed.</summary>
    public static int StatusOf(string path, out FileStatus status)
    {
        byte* state = stackalloc byte[StatxBytes];
        int error = Result(StatxPath(WorkingDirectory, path, 0, BasicStatus, state));
        status = error == 0 ? Decode(new ReadOnlySpan<byte>(state, StatxBytes)) : default;
        return error;
    }

    /// <summary>Puts a file under a name, in place of what stands there.</summary>
    public static int Rename(SafeFileHandle root, string from, string to) => Result(RenameAt(root, from, root, to));

    /// <summary>Gives a file a second name, where nothing stands: one of several callers succeeds, over NFS too.</summary>
    public static int Link(SafeFileHandle root, string from, string to) => Result(LinkAt(root, from, root, to, 0));

    /// <summary>Takes a name away.</summary>
    public static int Remove(SafeFileHandle root, string name) => Result(UnlinkAt(root, name, 0));

    /// <summary>Takes an empty directory away.</summary>
    public static int RemoveEmpty(SafeFileHandle root, string name) => Result(UnlinkAt(root, name, RemoveDirectory));

    /// <summary>Makes a directory.</summary>
    public static int MakeDirectory(SafeFileHandle root, string name) => Result(MkdirAt(root, name, DirectoryMode));

    /// <summary>Sets when a file was read, and leaves the time of writing as it is.</summary>
    public static int SetReadTime(SafeFileHandle file, long readAtNs)
    {
        long* times = stackalloc long[4] { readAtNs / NsPerSecond, readAtNs % NsPerSecond, 0, Omit };
        return Result(Futimens(file, times));
    }

    /// <summary>Notes by the server's clock that a file is written now, for when there is no room to write.</summary>
    public static int MarkWritten(SafeFileHandle file)
    {
        // Two struct timespec; seconds are not looked at beside these nanoseconds.
        long* times = stackalloc long[4] { 0, Now, 0, Now };
        return Result(Futimens(file, times));
    }

    /// <summary>Waits until the bytes of a file are on its disk.</summary>
    public static int FlushData(SafeFileHandle file) => Result(Fdatasync(file));

    /// <summary>Waits until a file, or the names in a directory, are on their disk.</summary>
    public static int Flush(SafeFileHandle file) => Result(Fsync(file));

    private static int Result(int returned) => returned == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static int Opened(int descriptor, out SafeFileHandle? file)
    {
        file = descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
        return descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    private static int StatusAt(SafeFileHandle directory, string name, int flags, out FileStatus status)
    {
        byte* state = stackalloc byte[StatxBytes];
        int error = Result(Statx(directory, name, flags, BasicStatus, state));
        status = error == 0 ? Decode(new ReadOnlySpan<byte>(state, StatxBytes)) : default;
        return error;
    }

    private static FileStatus Decode(ReadOnlySpan<byte> state)
    {
        int type = MemoryMarshal.Read<ushort>(state[ModeAt..]) & TypeOfMode;
        long lengthBytes = MemoryMarshal.Read<long>(state[LengthAt..]);
        return new FileStatus(
            IsRegular: type == RegularFile,
            IsDirectory: type == Directory,
            Links: MemoryMarshal.Read<uint>(state[LinksAt..]),
            LengthBytes: lengthBytes,
            TakenBytes: Math.Max(lengthBytes, MemoryMarshal.Read<long>(state[BlocksAt..]) * BlockBytes),
            WrittenAtNs: Time(state[WriteTimeAt..]),
            ReadAtNs: Time(state[ReadTimeAt..]),
            Device: MemoryMarshal.Read<ulong>(state[DeviceAt..]),
            Inode: MemoryMarshal.Read<ulong>(state[InodeAt..]));
    }

    private static long Time(ReadOnlySpan<byte> time) =>
        (MemoryMarshal.Read<long>(time) * NsPerSecond) + MemoryMarshal.Read<uint>(time[sizeof(long)..]);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(SafeFileHandle directory, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint Pread(SafeFileHandle file, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint Pwrite(SafeFileHandle file, byte* bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle directory, string path, int flags, uint mask, byte* state);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatxPath(int directory, string path, int flags, uint mask, byte* state);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(SafeFileHandle fromDirectory, string from, SafeFileHandle toDirectory, string to, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkAt(SafeFileHandle directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkdirAt(SafeFileHandle directory, string path, uint mode);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    private static partial int Futimens(SafeFileHandle file, long* times);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int Fdatasync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(SafeFileHandle file);
}
