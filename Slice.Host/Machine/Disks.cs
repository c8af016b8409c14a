using System.Runtime.InteropServices;
using Slice.Core.Storage;

namespace Slice.Host.Machine;

/// <summary>The file systems of this machine. Thread-safe.</summary>
internal sealed partial class Disks : IDisks
{
    private const int WorkingDirectory = -100;
    private const int MayWriteAndSearch = 2 | 1;

    // Asks for the user whose rights count, not the one who has started a program with other rights.
    private const int EffectiveRights = 0x200;

    /// <inheritdoc/>
    public bool MayWrite(string directory) =>
        Directory.Exists(directory) && FaccessAt(WorkingDirectory, directory, MayWriteAndSearch, EffectiveRights) == 0;

    /// <inheritdoc/>
    public long FreeBytes(string directory)
    {
        try
        {
            return new DriveInfo(directory).AvailableFreeSpace;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public long UsedBytes(string directory)
    {
        try
        {
            string[] files = Directory.Exists(directory)
                ? [.. StoreLayout.FindSegments(directory), Path.Combine(directory, StoreLayout.IndexFileName)]
                : [];
            return files.Select(file => new FileInfo(file)).Where(file => file.Exists).Sum(file => file.Length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> InstancesIn(string directory)
    {
        try
        {
            string[] found = Directory.Exists(directory) ? Directory.GetDirectories(directory, StoreLayout.InstancePrefix + "*") : [];
            Array.Sort(found, StringComparer.Ordinal);
            return found;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [LibraryImport("libc", EntryPoint = "faccessat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FaccessAt(int directory, string path, int mode, int flags);
}
