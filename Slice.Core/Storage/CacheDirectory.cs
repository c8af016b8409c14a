using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>
/// The directory of a store on disk, locked against other processes. Not thread-safe; the store uses one thread at a time.
/// </summary>
internal sealed class CacheDirectory : IDisposable
{
    /// <summary>
    /// How often the lock is tried at a start. A process that is just ending, or one that is just being started and has not let go of our
    /// descriptors yet, has it for a moment: twenty times are a second. Arbitrary.
    /// </summary>
    public const int DefaultLockAttempts = 20;

    private const int WouldBlock = 11;

    private static readonly TimeSpan s_betweenLockAttempts = TimeSpan.FromMilliseconds(50);

    private SafeFileHandle? _lock;
    private FileStream _lockFile;

    private CacheDirectory(string path, SafeFileHandle? directoryLock, FileStream lockFile)
    {
        Path = path;
        _lock = directoryLock;
        _lockFile = lockFile;
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Path of the index.</summary>
    public string IndexPath => System.IO.Path.Combine(Path, StoreLayout.IndexFileName);

    /// <summary>Path of the index that is being written to take its place.</summary>
    public string NextIndexPath => System.IO.Path.Combine(Path, StoreLayout.NextIndexFileName);

    /// <summary>Whether the lock file still stands where it was made.</summary>
    public bool IsInPlace => NativeMemory.IsLinked(_lockFile.SafeFileHandle, _lockFile.Name);

    /// <summary>Creates the directory when it is missing, and locks it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="lockAttempts">How often the lock is tried, at least once.</param>
    /// <exception cref="CacheDirectoryException">It cannot be used, or another process uses it.</exception>
    public static CacheDirectory Open(string path, int lockAttempts = DefaultLockAttempts)
    {
        try
        {
            Directory.CreateDirectory(path);
            RefuseForeignFiles(path);
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    return OpenOnce(path);
                }
                catch (CacheDirectoryException error) when (error.Cause == CacheDirectoryCause.InUse && attempt < lockAttempts)
                {
                    // Real time: another process lets go of the lock. Only a start waits here, before anybody is served.
                    Thread.Sleep(s_betweenLockAttempts);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw CacheDirectoryDiagnosis.Of(path, error);
        }
    }

    /// <summary>Path of the n-th segment.</summary>
    public string SegmentPath(int index) => System.IO.Path.Combine(Path, StoreLayout.SegmentFileName(index));

    /// <summary>Looks whether the disk has room for so much more and <see cref="StoreLayout.KeptFreeBytes"/>.</summary>
    /// <exception cref="IOException">It has not, or it cannot be asked.</exception>
    public void CheckRoom(int addedBytes)
    {
        long freeBytes = new DriveInfo(Path).AvailableFreeSpace;
        if (freeBytes < (long)addedBytes + StoreLayout.KeptFreeBytes)
        {
            throw new IOException($"{freeBytes >> 20} MiB are free, of which {StoreLayout.KeptFreeBytes >> 20} MiB are left to others");
        }
    }

    /// <summary>Makes the directory again, and its lock, after somebody has removed either.</summary>
    /// <exception cref="IOException">It cannot be made, or another process was faster.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void Renew()
    {
        Dispose();
        Directory.CreateDirectory(Path);
        _lock = LockDirectory(Path);
        _lockFile = LockFile(Path);
        RemoveFiles();
    }

    /// <summary>Removes the files of a store from it, and nothing else that may lie there.</summary>
    /// <exception cref="IOException">One cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void RemoveFiles()
    {
        foreach (string segment in StoreLayout.FindSegments(Path))
        {
            File.Delete(segment);
        }

        File.Delete(IndexPath);
        File.Delete(NextIndexPath);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _lockFile.Dispose();
        _lock?.Dispose();
    }

    // A cache that was begun where something else lies, in a home directory for instance, could not be told from it any more, and clearing
    // it would be guesswork. In a directory that is a cache already nobody minds what else is put there. What stands in every directory
    // (lost+found, hidden files, the tag for backups) and the caches of other instances are no strangers.
    internal static void RefuseForeignFiles(string path)
    {
        // First: opening a named pipe waits for whoever writes to it, and a start would never end.
        foreach (string name in StoreLayout.FindOwnNames(path))
        {
            if (FileIdentity.StrangerAt(System.IO.Path.Combine(path, name)) is { } kind)
            {
                throw CacheDirectoryDiagnosis.NotAFile(path, name, kind);
            }
        }

        if (StoreLayout.IsCache(path))
        {
            return;
        }

        foreach (string entry in Directory.EnumerateFileSystemEntries(path))
        {
            string name = System.IO.Path.GetFileName(entry);
            if (!StoreLayout.MayStandBeside(name))
            {
                throw CacheDirectoryDiagnosis.Foreign(path, name);
            }
        }
    }

    private static CacheDirectory OpenOnce(string path)
    {
        var directoryLock = LockDirectory(path);
        try
        {
            return new CacheDirectory(path, directoryLock, LockFile(path));
        }
        catch
        {
            directoryLock?.Dispose();
            throw;
        }
    }

    private static SafeFileHandle? LockDirectory(string path)
    {
        var handle = NativeMemory.LockDirectory(path, out bool isTaken);
        return isTaken ? throw CacheDirectoryDiagnosis.InUse(path) : handle;
    }

    private static FileStream LockFile(string path)
    {
        try
        {
            // FileShare.None is flock(2) with LOCK_EX on Linux.
            return new FileStream(
                System.IO.Path.Combine(path, StoreLayout.LockFileName),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None,
                bufferSize: 0);
        }
        catch (IOException error) when (error.HResult == WouldBlock)
        {
            throw CacheDirectoryDiagnosis.InUse(path, error);
        }
    }
}
