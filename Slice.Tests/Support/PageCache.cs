using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Tests.Support;

/// <summary>The kernel's page cache, as tests of cold disks need it.</summary>
internal static partial class PageCache
{
    private const int AdviseDontNeed = 4;

    /// <summary>Writes a file's dirty pages to its device and drops them from memory; pages that a mapping has touched stay. No effect on a tmpfs.</summary>
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

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);
}
