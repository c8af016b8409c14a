using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Slice.Tests.Support;

/// <summary>The limit of file descriptors of another process, changed while it runs: prlimit(2).</summary>
internal static partial class DescriptorLimit
{
    private const int MaxOpenFiles = 7;

    /// <summary>
    /// Leaves the process this many free descriptors. Those that it has may lie far apart: a limit counts numbers, not descriptors.
    /// </summary>
    public static void LeaveRoom(int processId, int descriptors)
    {
        var taken = Directory.GetFiles($"/proc/{processId}/fd")
            .Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture)).ToHashSet();
        int limit = 0;
        for (int free = 0; free < descriptors; limit++)
        {
            free += taken.Contains(limit) ? 0 : 1;
        }

        if (PrLimit(processId, MaxOpenFiles, 0, out var limits) != 0
            || PrLimit(processId, MaxOpenFiles, limits with { Soft = (nuint)limit }, 0) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int PrLimit(int processId, int resource, nint none, out Limits limits);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int PrLimit(int processId, int resource, in Limits limits, nint none);

    [StructLayout(LayoutKind.Sequential)]
    private record struct Limits(nuint Soft, nuint Hard);
}
