using System.ComponentModel;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Tests.Support;

/// <summary>The kernel's page cache, as tests of cold disks need it.</summary>
internal static partial class PageCache
{
    private const int AdviseDontNeed = 4;

    /// <summary>
    /// Writes a file's dirty pages to its device and drops them from memory; pages that a mapping has touched stay. No effect on a tmpfs.
    /// </summary>
    public static void Drop(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(file);
        int error = PosixFadvise(file, 0, 0, AdviseDontNeed);
        if (error != 0)
        {
            throw new Win32Exception(error);
        }
    }

    /// <summary>How much of a file is in memory.</summary>
    public static long ResidentBytes(string path)
    {
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor();
        nuint length = (nuint)new FileInfo(path).Length;
        byte[] states = new byte[(length + (nuint)Environment.SystemPageSize - 1) / (nuint)Environment.SystemPageSize];
        return Mincore(view.SafeMemoryMappedViewHandle.DangerousGetHandle(), length, states) == 0
            ? states.LongCount(state => (state & 1) != 0) * Environment.SystemPageSize
            : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Takes mapped bytes, from the start of a page on, out of the page table; pages that are in one are not dropped.</summary>
    public static unsafe void Unmap(ReadOnlyMemory<byte> mapped)
    {
        using var pin = mapped.Pin();
        if (Madvise((nint)pin.Pointer, (nuint)mapped.Length, AdviseDontNeed) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Madvise(nint address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "mincore", SetLastError = true)]
    private static partial int Mincore(nint address, nuint length, [Out] byte[] states);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);
}
