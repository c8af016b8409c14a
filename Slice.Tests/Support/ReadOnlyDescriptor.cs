using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Slice.Tests.Support;

/// <summary>
/// Takes from this process the permission to write a file that it has open, as a disk does that was remounted read-only: its descriptors
/// become ones that only read. Disposing gives it back.
/// </summary>
internal sealed partial class ReadOnlyDescriptor : IDisposable
{
    private const int CloseOnExec = 0x80000;

    private readonly List<(int Descriptor, int Saved)> _struck = [];
    private readonly string _path;

    /// <summary>Strikes every open descriptor of the file at <paramref name="path"/>.</summary>
    public ReadOnlyDescriptor(string path)
    {
        _path = path;
        int readOnly = Open(path, CloseOnExec);
        Assert.True(readOnly >= 0, path + " cannot be opened");

        // All of them first: the copies made below are descriptors of the file too, and must stay as they are.
        int[] descriptors =
        [
            .. new DirectoryInfo("/proc/self/fd").EnumerateFiles()
                .Where(link => link.LinkTarget == path)
                .Select(link => int.Parse(link.Name, System.Globalization.CultureInfo.InvariantCulture)),
        ];
        foreach (int descriptor in descriptors.Where(descriptor => descriptor != readOnly))
        {
            _struck.Add((descriptor, Dup(descriptor)));
            Replace(readOnly, descriptor);
        }

        _ = Close(readOnly);
        Assert.True(_struck.Count > 0, $"nobody has {path} open");
    }

    public void Dispose()
    {
        foreach (var (descriptor, saved) in _struck)
        {
            // A file that cannot be written may have been closed meanwhile; its number then belongs to somebody else, a socket of
            // another test for one.
            if (IsStruckStill(descriptor))
            {
                Replace(saved, descriptor);
            }

            _ = Close(saved);
        }
    }

    // proc(5): the access mode is the last octal digit of the flags, and 0 is O_RDONLY.
    private bool IsStruckStill(int descriptor)
    {
        try
        {
            string? target = File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false)?.FullName;
            string flags = File.ReadLines($"/proc/self/fdinfo/{descriptor}")
                .First(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return target == _path && flags.EndsWith('0');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Replace(int from, int to)
    {
        if (Dup2(from, to) < 0)
        {
            throw new Win32Exception();
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    private static partial int Dup(int descriptor);

    [LibraryImport("libc", EntryPoint = "dup2", SetLastError = true)]
    private static partial int Dup2(int from, int to);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
