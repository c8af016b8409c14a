using System.Text;

namespace Slice.Net.SharedCache.Files;

/// <summary>
/// Held by the one instance that cleans up: a file with its name, which it writes anew from time to time. Blocks. For one thread.
/// </summary>
/// <remarks>
/// <para>
/// A file, and no lock of fcntl(2) or flock(2): those are kept on this machine alone by NFS mounted with <c>nolock</c> and by most of
/// FUSE, and say nothing of it; with NFS 3 they need two more daemons and stay for ever when a machine dies. Making a file that must not
/// be there is exclusive everywhere.
/// </para>
/// <para>
/// The lock of a dead holder is renamed away, and looked at again then: whoever finds that it was renewed meanwhile puts it back. Two
/// holders at once are possible for a moment, and do no harm: they remove the same files.
/// </para>
/// </remarks>
/// <param name="writer">Makes temporary names.</param>
/// <param name="instance">Which instance this is.</param>
/// <param name="longestSilenceNs">After what time without a sign its holder is dead.</param>
internal sealed class JanitorLock(FileWriter writer, string instance, long longestSilenceNs)
{
    private FileStatus _own;

    /// <summary>Takes it; false while somebody else who is alive has it.</summary>
    public bool TryTake(OpenDirectory directory)
    {
        if (TryMake(directory))
        {
            return true;
        }

        if (!IsAbandoned(directory, DirectoryLayout.JanitorLock))
        {
            return false;
        }

        string removed = writer.TemporaryFor(DirectoryLayout.JanitorLock);
        if (NativeFiles.Rename(directory.Root, DirectoryLayout.JanitorLock, removed) != 0)
        {
            return false;
        }

        if (!IsAbandoned(directory, removed))
        {
            _ = NativeFiles.Link(directory.Root, removed, DirectoryLayout.JanitorLock);
        }

        _ = NativeFiles.Remove(directory.Root, removed);
        return TryMake(directory);
    }

    /// <summary>Says that the holder is alive. Needs no room on the disk: it is the janitor who makes some.</summary>
    /// <returns>False when somebody else has taken it, or nobody knows.</returns>
    public bool TryRenew(OpenDirectory directory)
    {
        if (!IsOwn(directory)
            || NativeFiles.Open(directory.Root, DirectoryLayout.JanitorLock, isForWriting: true, out var file) != 0)
        {
            return false;
        }

        int error = NativeFiles.MarkWritten(file!);
        return NativeFiles.Close(file!) == 0 && error == 0;
    }

    /// <summary>Lets go of it, when it is still this instance's.</summary>
    public void Release(OpenDirectory directory)
    {
        if (IsOwn(directory))
        {
            _ = NativeFiles.Remove(directory.Root, DirectoryLayout.JanitorLock);
        }
    }

    private bool TryMake(OpenDirectory directory)
    {
        int error = NativeFiles.CreateNew(directory.Root, DirectoryLayout.JanitorLock, out var file);
        OpenDirectory.Check("make", DirectoryLayout.JanitorLock, error == FileTrouble.Exists ? 0 : error);
        if (error != 0)
        {
            return false;
        }

        // For people. A full disk takes no name, and the lock is as good without.
        _ = NativeFiles.Write(file!, Encoding.ASCII.GetBytes(instance), 0);
        error = NativeFiles.Status(file!, out _own);
        _ = NativeFiles.Close(file!);
        OpenDirectory.Check("look at", DirectoryLayout.JanitorLock, error);
        return true;
    }

    private bool IsOwn(OpenDirectory directory) =>
        NativeFiles.Status(directory.Root, DirectoryLayout.JanitorLock, out var found) == 0 && found.IsSameFile(_own);

    private bool IsAbandoned(OpenDirectory directory, string name) =>
        NativeFiles.Status(directory.Root, name, out var status) == 0
        && directory.NowNs() - status.WrittenAtNs > longestSilenceNs;
}
