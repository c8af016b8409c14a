using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Slice.Tests.Support;

/// <summary>A named pipe: whoever opens it to read waits for somebody who writes.</summary>
internal static partial class NamedPipe
{
    /// <summary>Makes one at a path where nothing stands.</summary>
    public static void Make(string path)
    {
        if (MkFifo(path, Convert.ToUInt32("600", 8)) != 0)
        {
            throw new Win32Exception();
        }
    }

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);
}
