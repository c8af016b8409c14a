using Microsoft.Win32.SafeHandles;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Makes the files of one instance: each under a temporary name of its own first, so that no reader ever finds half of one. Thread-safe.
/// </summary>
/// <param name="instance">Which instance this is; no other one has the same.</param>
/// <param name="flushes">Whether a file is on its disk before it has its name.</param>
internal sealed class FileWriter(string instance, bool flushes)
{
    private long _lastNumber;

    /// <summary>A temporary name beside the one that the file is going to have.</summary>
    public string TemporaryFor(string name) =>
        DirectoryLayout.TemporaryFor(name, instance, Interlocked.Increment(ref _lastNumber));

    /// <summary>Writes a file under a temporary name, and makes the directory that is missing for it.</summary>
    /// <returns>The temporary name.</returns>
    /// <exception cref="FileErrorException">Nothing is left behind.</exception>
    public string Write(OpenDirectory directory, string name, ReadOnlySpan<byte> bytes)
    {
        string temporary = TemporaryFor(name);
        int error = NativeFiles.CreateNew(directory.Root, temporary, out var file);
        if (error == FileTrouble.NoEntry && MakeParents(directory, name))
        {
            error = NativeFiles.CreateNew(directory.Root, temporary, out file);
        }

        OpenDirectory.Check("make", temporary, error);
        error = NativeFiles.Write(file!, bytes, 0);
        error = FlushedAndClosed(file!, error);
        if (error != 0)
        {
            _ = NativeFiles.Remove(directory.Root, temporary);
        }

        OpenDirectory.Check("write", name, error);
        return temporary;
    }

    /// <summary>Gives a temporary file its name, in place of what stands there.</summary>
    /// <exception cref="FileErrorException">The temporary file is removed.</exception>
    public void Rename(OpenDirectory directory, string temporary, string name)
    {
        int error = NativeFiles.Rename(directory.Root, temporary, name);
        if (error != 0)
        {
            _ = NativeFiles.Remove(directory.Root, temporary);
        }

        OpenDirectory.Check("write", name, error);
        FlushNames(directory, DirectoryLayout.ParentOf(name));
    }

    /// <summary>Closes a file that was written; on its disk before that, where it has to be.</summary>
    /// <param name="file">The file.</param>
    /// <param name="error">What writing said.</param>
    /// <returns>The first thing that went wrong, or 0.</returns>
    public int FlushedAndClosed(SafeFileHandle file, int error)
    {
        error = error == 0 && flushes ? NativeFiles.FlushData(file) : error;
        int closing = NativeFiles.Close(file);
        return error != 0 ? error : closing;
    }

    /// <summary>Waits until the names in a directory are on their disk, where they have to be.</summary>
    public void FlushNames(OpenDirectory directory, string name)
    {
        if (!flushes)
        {
            return;
        }

        if (name.Length == 0)
        {
            OpenDirectory.Check("flush", name, NativeFiles.Flush(directory.Root));
            return;
        }

        OpenDirectory.Check("open", name, NativeFiles.Open(directory.Root, name, isForWriting: false, out var opened));
        using (opened)
        {
            OpenDirectory.Check("flush", name, NativeFiles.Flush(opened!));
        }
    }

    /// <summary>Makes the directories that a name below the values is in.</summary>
    /// <returns>True.</returns>
    public static bool MakeParents(OpenDirectory directory, string name)
    {
        for (int slash = name.IndexOf('/'); slash > 0; slash = name.IndexOf('/', slash + 1))
        {
            directory.Make(name[..slash]);
        }

        return true;
    }
}
