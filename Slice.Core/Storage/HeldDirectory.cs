using Microsoft.Win32.SafeHandles;

namespace Slice.Core.Storage;

/// <summary>
/// A directory that this process has opened and locked, wherever it is moved and whatever takes its place. Thread-safe but for
/// <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// A path is another directory from one moment to the next: <c>mv CACHE CACHE.old; mkdir CACHE</c>, and what one process writes by its path
/// lands in the cache of the next. The descriptor and its lock stay with the directory, so every file is reached through the descriptor:
/// <c>/proc/self/fd/N/NAME</c>, which the kernel resolves like openat(2), and which the file API of the BCL takes where it offers no
/// openat, renameat or unlinkat. Without <c>/proc</c> there is the path alone.
/// </remarks>
internal sealed class HeldDirectory : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly FileIdentity _identity;

    private HeldDirectory(SafeFileHandle handle, string path)
    {
        _handle = handle;
        _identity = FileIdentity.Of(handle);
        string root = $"/proc/self/fd/{handle.DangerousGetHandle()}";
        Root = FileIdentity.At(root, out _) == _identity ? root : path;
    }

    /// <summary>A path that leads to this directory and to no other, until it is disposed.</summary>
    public string Root { get; }

    /// <summary>Opens and locks what stands at a path.</summary>
    /// <exception cref="IOException">It cannot be opened; a <see cref="CacheDirectoryException"/> when another process has it.</exception>
    public static HeldDirectory Lock(string path)
    {
        var handle = NativeMemory.LockDirectory(path, out bool isTaken);
        try
        {
            return isTaken ? throw CacheDirectoryDiagnosis.InUse(path) : new HeldDirectory(handle, path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whether a path leads to this directory; also when nobody can tell, as without permission.</summary>
    public bool IsAt(string path) =>
        FileIdentity.At(path, out int error) is { } found ? found == _identity : !FileIdentity.SaysNothingIsThere(error);

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();
}
