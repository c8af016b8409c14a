using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>
/// The system calls of Linux behind the store that the BCL does not offer: memfd_create(2), mmap(2), mincore(2), fallocate(2).
/// </summary>
internal static partial class NativeMemory
{
    private const int ProtRead = 0x1;
    private const int MapShared = 0x01;
    private const uint MemfdCloseOnExec = 0x0001;

    private const int Interrupted = 4;

    /// <summary>Longest part that <see cref="IsResident"/> looks at: what one write to a client takes at most.</summary>
    public const int MaxResidencyBytes = 1 << 20;

    private const int OperationNotSupported = 95;
    private const int InvalidArgument = 22;
    private const int NoSuchSystemCall = 38;
    private const int WouldBlock = 11;

    private const int OpenCloseOnExec = 0x80000;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;

    /// <summary>A new anonymous file in memory. Pages are taken as they are written.</summary>
    /// <exception cref="IOException">The kernel refused; the message has its reason.</exception>
    public static SafeFileHandle CreateMemoryFile(string name)
    {
        int descriptor = MemfdCreate(name, MemfdCloseOnExec);
        if (descriptor < 0)
        {
            throw LastError("memfd_create");
        }

        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>
    /// Allocates blocks of the file ahead, so that a full disk shows now and not in the middle of a write. A file system without
    /// fallocate (NFS, some overlays) keeps a sparse file: pwrite reports a full disk either way.
    /// </summary>
    /// <exception cref="IOException">No space, or another refusal.</exception>
    public static void Preallocate(SafeFileHandle file, long offsetBytes, long lengthBytes)
    {
        int error;
        do
        {
            // A signal that meets the call, the runtime's own for instance, may end it with EINTR (tmpfs does so).
            error = Fallocate(file, 0, offsetBytes, lengthBytes) == 0 ? 0 : Marshal.GetLastPInvokeError();
        }
        while (error == Interrupted);

        if (error == 0)
        {
            return;
        }

        if (error is not (OperationNotSupported or InvalidArgument or NoSuchSystemCall))
        {
            throw LastError("fallocate");
        }

        RandomAccess.SetLength(file, offsetBytes + lengthBytes);
    }

    /// <summary>Maps the whole file for reading, shared with the page cache that pwrite fills.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static nint MapReadOnly(SafeFileHandle file, long lengthBytes)
    {
        nint address = Mmap(0, (nuint)lengthBytes, ProtRead, MapShared, file, 0);
        return address == -1 ? throw LastError("mmap") : address;
    }

    /// <summary>Ends a mapping made by <see cref="MapReadOnly"/>.</summary>
    public static void Unmap(nint address, long lengthBytes) => _ = Munmap(address, (nuint)lengthBytes);

    /// <summary>Whether all pages of a part of a mapping are in the page cache, so that reading them waits for no device.</summary>
    /// <param name="address">Start of the mapping.</param>
    /// <param name="offset">Where the part begins; need not be at a page.</param>
    /// <param name="lengthBytes">Its length, 1 to <see cref="MaxResidencyBytes"/>.</param>
    public static unsafe bool IsResident(nint address, long offset, int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, MaxResidencyBytes);
        long firstPage = offset / Environment.SystemPageSize;
        int pages = (int)(((offset + lengthBytes - 1) / Environment.SystemPageSize) - firstPage + 1);
        Span<byte> states = stackalloc byte[pages];
        fixed (byte* first = states)
        {
            nint start = address + (nint)(firstPage * Environment.SystemPageSize);

            // An error means that it cannot be known; then the send finds out.
            return Mincore(start, (nuint)pages * (nuint)Environment.SystemPageSize, first) != 0 || !states.Contains((byte)0);
        }
    }

    /// <summary>
    /// Whether an open file can still be found under a path. The kernel tells where the descriptor leads, with a remark when the file was
    /// removed; a directory that was moved as a whole is in order.
    /// </summary>
    public static bool IsLinked(SafeFileHandle file, string path)
    {
        string? target = new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget;

        // Without /proc nobody can tell.
        return target is null
            || !target.EndsWith(" (deleted)", StringComparison.Ordinal)
            || path.EndsWith(" (deleted)", StringComparison.Ordinal);
    }

    /// <summary>
    /// Opens a directory and locks it for this process alone (flock(2)): gone with the process, however it ends, and not to be removed like
    /// a lock file.
    /// </summary>
    /// <param name="path">The directory.</param>
    /// <param name="isTaken">
    /// Whether another process has it. A file system that cannot lock a directory leaves it open and not locked.
    /// </param>
    /// <returns>The open directory, also when it is taken; the caller disposes it.</returns>
    /// <exception cref="IOException">It cannot be opened.</exception>
    public static SafeFileHandle LockDirectory(string path, out bool isTaken)
    {
        int descriptor = Open(path, OpenCloseOnExec);
        if (descriptor < 0)
        {
            throw LastError("open");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        isTaken = Flock(handle, LockExclusive | LockNonBlocking) != 0 && Marshal.GetLastPInvokeError() == WouldBlock;
        return handle;
    }

    private static IOException LastError(string call)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{call}: {Marshal.GetPInvokeErrorMessage(error)} (errno {error})", error);
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemfdCreate(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Flock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Fallocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, SafeFileHandle file, long offset);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    private static unsafe partial int Mincore(nint address, nuint length, byte* states);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Munmap(nint address, nuint length);
}
