using System.Text.RegularExpressions;

namespace Slice.Core.Storage;

/// <summary>
/// The directory of a store on disk, locked against other processes. Not thread-safe; the store uses one thread at a time.
/// </summary>
internal sealed partial class CacheDirectory : IDisposable
{
    /// <summary>
    /// How often the lock is tried at a start. A process that is just ending, or one that is just being started and has not let go of our
    /// descriptors yet, has it for a moment: twenty times are a second. Arbitrary.
    /// </summary>
    public const int DefaultLockAttempts = 20;

    private const int WouldBlock = 11;
    private const int NoSpace = 28;

    private static readonly TimeSpan s_betweenLockAttempts = TimeSpan.FromMilliseconds(50);

    // Held while the directory becomes another one, and while somebody writes to it who is not the store.
    private readonly Lock _renewing = new();
    private readonly bool _isLink;
    private bool _isDisposed;
    private HeldDirectory _held;
    private FileStream _lockFile;

    private CacheDirectory(string path, HeldDirectory held, FileStream lockFile)
    {
        Path = path;
        _isLink = IsLink(path);
        _held = held;
        _lockFile = lockFile;
    }

    /// <summary>The path that people know it by. It may lead to another directory by now: files are reached through the others.</summary>
    public string Path { get; }

    /// <summary>A path that leads to the directory that is locked, and to no other, until <see cref="Renew"/>.</summary>
    public string Root => _held.Root;

    /// <summary>Path of the index, below <see cref="Root"/>.</summary>
    public string IndexPath => System.IO.Path.Combine(Root, StoreLayout.IndexFileName);

    /// <summary>Path of the index that is being written to take its place, below <see cref="Root"/>.</summary>
    public string NextIndexPath => System.IO.Path.Combine(Root, StoreLayout.NextIndexFileName);

    /// <summary>Whether <see cref="Path"/> leads here, and the lock file still stands where it was made.</summary>
    public bool IsInPlace => NativeMemory.IsLinked(_lockFile.SafeFileHandle, _lockFile.Name) && _held.IsAt(Path);

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

    /// <summary>Path of the n-th segment, below <see cref="Root"/>.</summary>
    public string SegmentPath(int index) => System.IO.Path.Combine(Root, StoreLayout.SegmentFileName(index));

    /// <summary>A message with <see cref="Path"/> where it says <see cref="Root"/>, which means nothing to people.</summary>
    public string Shown(string message) => HeldRoot().Replace(message, _ => Path);

    /// <summary>How much of so many bytes the disk has room for, with <see cref="StoreLayout.KeptFreeBytes"/> left to others.</summary>
    /// <param name="wantedBytes">What is wanted.</param>
    /// <param name="leastBytes">Below this it is of no use.</param>
    /// <exception cref="IOException">There is less, or the disk cannot be asked.</exception>
    public int RoomFor(int wantedBytes, int leastBytes)
    {
        long freeBytes = new DriveInfo(Root).AvailableFreeSpace;
        long roomBytes = freeBytes - StoreLayout.KeptFreeBytes;
        return roomBytes >= leastBytes
            ? (int)Math.Min(wantedBytes, roomBytes)
            : throw new IOException(
                $"{freeBytes >> 20} MiB are free, of which {StoreLayout.KeptFreeBytes >> 20} MiB are left to others", NoSpace);
    }

    /// <summary>
    /// Goes on, without a file, in the directory at <see cref="Path"/>: in this one when the path leads here still, in a new or empty one
    /// when it does not. One with anything in it is left as it is, and so is one behind a symbolic link that has not been there before:
    /// nobody has said that a cache may begin there. After an exception this one is still held.
    /// </summary>
    /// <exception cref="IOException">It cannot be made or used, or another process was faster.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void Renew()
    {
        using var scope = _renewing.EnterScope();
        if (_held.IsAt(Path))
        {
            _lockFile.Dispose();
            _lockFile = LockFile(Path, Root);
        }
        else
        {
            Follow();
        }

        RemoveFiles();
    }

    /// <summary>Removes the files of a store from it, and nothing else that may lie there.</summary>
    /// <exception cref="IOException">One cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void RemoveFiles()
    {
        foreach (string segment in StoreLayout.FindSegments(Root))
        {
            File.Delete(segment);
        }

        File.Delete(IndexPath);
        File.Delete(NextIndexPath);
        File.Delete(PathOf(StoreLayout.SharedCacheFileName));
        File.Delete(PathOf(StoreLayout.NextSharedCacheFileName));
    }

    /// <summary>Reads a small file; null when there is none, or a longer one. On any thread.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="maxBytes">Most bytes of it.</param>
    /// <exception cref="IOException">The device fails.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public byte[]? ReadSmallFile(string name, int maxBytes)
    {
        using var scope = _renewing.EnterScope();
        var file = new FileInfo(PathOf(name));
        return !_isDisposed && file.Exists && file.Length <= maxBytes ? File.ReadAllBytes(file.FullName) : null;
    }

    /// <summary>
    /// Puts a small file in the place of another that may be there: readers find one of the two, whole. Nothing when the directory is let
    /// go of. On any thread.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="nextName">Its name while it is being written.</param>
    /// <param name="bytes">What is in it.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void ReplaceSmallFile(string name, string nextName, ReadOnlySpan<byte> bytes)
    {
        using var scope = _renewing.EnterScope();
        if (_isDisposed)
        {
            return;
        }

        string next = PathOf(nextName);
        File.Delete(next);
        using (var file = File.OpenHandle(next, FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, bytes, 0);
        }

        File.Move(next, PathOf(name), overwrite: true);
    }

    /// <summary>Whether there is a small file. On any thread.</summary>
    /// <param name="name">Its name.</param>
    public bool HasSmallFile(string name)
    {
        using var scope = _renewing.EnterScope();
        return !_isDisposed && File.Exists(PathOf(name));
    }

    /// <summary>Removes a small file, if it is there. Nothing when the directory is let go of. On any thread.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="IOException">It cannot be removed.</exception>
    /// <exception cref="UnauthorizedAccessException">No permission.</exception>
    public void RemoveSmallFile(string name)
    {
        using var scope = _renewing.EnterScope();
        if (!_isDisposed)
        {
            File.Delete(PathOf(name));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        using var scope = _renewing.EnterScope();
        _isDisposed = true;
        Release();
    }

    private void Release()
    {
        _lockFile.Dispose();
        _held.Dispose();
    }

    private string PathOf(string name) => System.IO.Path.Combine(Root, name);

    // A cache that was begun where something else lies, in a home directory for instance, could not be told from it any more, and clearing
    // it would be guesswork. In a directory that is a cache already nobody minds what else is put there. What stands in every directory
    // (lost+found, snapshots, the tag for backups) and the caches of other instances are no strangers.
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
        var held = HeldDirectory.Lock(path);
        try
        {
            return new CacheDirectory(path, held, LockFile(path, held.Root));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    // The new one is locked before anything is looked at, and this one is let go of last: there is a locked directory all the time.
    private void Follow()
    {
        if (!_isLink && IsLink(Path))
        {
            throw CacheDirectoryDiagnosis.ReplacedByLink(Path);
        }

        Directory.CreateDirectory(Path);
        var held = HeldDirectory.Lock(Path);
        try
        {
            if (StoreLayout.IsCache(Path))
            {
                throw CacheDirectoryDiagnosis.ReplacedByCache(Path);
            }

            RefuseForeignFiles(Path);
            var lockFile = LockFile(Path, held.Root);
            Release();
            (_held, _lockFile) = (held, lockFile);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    // Also of one that was held before: somebody may have a lease on its segments.
    [GeneratedRegex(@"/proc/self/fd/\d+(?=[/'])")]
    private static partial Regex HeldRoot();

    private static bool IsLink(string path) =>
        new FileInfo(System.IO.Path.TrimEndingDirectorySeparator(path)).LinkTarget is not null;

    private static FileStream LockFile(string path, string root)
    {
        try
        {
            // FileShare.None is flock(2) with LOCK_EX on Linux.
            return new FileStream(
                System.IO.Path.Combine(root, StoreLayout.LockFileName),
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
