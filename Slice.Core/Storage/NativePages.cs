using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>
/// Brings pages of a mapped file into memory, on a thread that may wait for the device: posix_fadvise(2), then madvise(2).
/// </summary>
/// <remarks>
/// Populating alone would read far more than is asked for: a missing page of a mapping is read together with the device's whole readahead
/// around it (30 bytes for each that was asked, measured with random 64 KiB on a device whose read_ahead_kb is 8192). The advice before it
/// reads exactly these pages, all of them at once, and populating then waits for them and enters them into the page table, which the
/// send would otherwise do page by page.
/// </remarks>
internal static partial class NativePages
{
    private const int AdviseWillNeed = 3;

    // Since Linux 5.14.
    private const int AdvisePopulateRead = 22;

    private const int Interrupted = 4;
    private const int InputOutputError = 5;
    private const int BadAddress = 14;
    private const int HardwarePoison = 133;

    // The kernel reads no more for one advice than the device's readahead or its largest transfer; 128 KiB is the usual readahead, and the
    // pieces cost no more than one advice for all (measured).
    private const int AdviceBytes = 128 << 10;

    /// <summary>Reads the pages of a part and enters them into the mapping.</summary>
    /// <param name="address">Start of the mapping.</param>
    /// <param name="file">The file that is mapped from its beginning.</param>
    /// <param name="offset">Where the part begins; need not be at a page.</param>
    /// <param name="lengthBytes">Its length, at least 1.</param>
    /// <returns>Whether they are there, cannot be read, or the kernel cannot do this.</returns>
    public static PagesResult Populate(nint address, SafeFileHandle file, long offset, int lengthBytes)
    {
        Advise(file, offset, lengthBytes);
        long end = offset + lengthBytes;
        long start = offset / Environment.SystemPageSize * Environment.SystemPageSize;
        while (Madvise(address + (nint)start, (nuint)(end - start), AdvisePopulateRead) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                return error is BadAddress or InputOutputError or HardwarePoison ? PagesResult.Unreadable : PagesResult.Unsupported;
            }
        }

        return PagesResult.Present;
    }

    /// <summary>Begins to read a part of a file that is about to be read, all of it at once. Only a hint: it fails in silence.</summary>
    public static void Advise(SafeFileHandle file, long offset, int lengthBytes)
    {
        long end = offset + lengthBytes;
        for (long at = offset; at < end; at += AdviceBytes)
        {
            _ = PosixFadvise(file, at, Math.Min(AdviceBytes, end - at), AdviseWillNeed);
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int PosixFadvise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Madvise(nint address, nuint length, int advice);
}
