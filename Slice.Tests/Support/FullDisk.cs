using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Slice.Tests.Support;

/// <summary>
/// Lets the disk fill up under a file that this process has open: its descriptor becomes one of <c>/dev/full</c>, where every write
/// fails with ENOSPC. A mapping of the file stays what it was.
/// </summary>
internal static partial class FullDisk
{
    private const int ReadWrite = 2;

    /// <summary>Replaces every open descriptor of the file at <paramref name="path"/>.</summary>
    public static void StrikeUnder(string path)
    {
        int full = Open("/dev/full", ReadWrite);
        Assert.True(full >= 0, "/dev/full cannot be opened");
        int struck = 0;
        foreach (var descriptor in new DirectoryInfo("/proc/self/fd").EnumerateFiles())
        {
            if (descriptor.LinkTarget == path)
            {
                if (Dup2(full, int.Parse(descriptor.Name, System.Globalization.CultureInfo.InvariantCulture)) < 0)
                {
                    throw new Win32Exception();
                }

                struck++;
            }
        }

        _ = Close(full);
        Assert.True(struck > 0, $"nobody has {path} open");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(int from, int to);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
