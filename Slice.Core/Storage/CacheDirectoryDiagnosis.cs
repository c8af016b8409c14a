namespace Slice.Core.Storage;

/// <summary>
/// Says in one line why a cache directory cannot be used and what mends it: whoever reads it has just been woken by an alert.
/// </summary>
internal static class CacheDirectoryDiagnosis
{
    private const int NotPermitted = 1;
    private const int AccessDenied = 13;
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;

    private const string OtherDirectory = "choose another l2_cache_dir";

    /// <summary>What <paramref name="error"/> means, that came of opening the directory.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="error">The error.</param>
    /// <param name="shown">Makes a message of the kernel one for people (<see cref="CacheDirectory.Shown"/>); null to take it as it
    /// is.</param>
    public static CacheDirectoryException Of(string path, Exception error, Func<string, string>? shown = null)
    {
        string message = shown is null ? error.Message : shown(error.Message);
        return error switch
        {
            CacheDirectoryException known => known,
            _ when File.Exists(path) => new(
                path, CacheDirectoryCause.NotADirectory, "this is a file and not a directory", $"remove it, or {OtherDirectory}", error),
            _ => ErrnoOf(error) switch
            {
                ReadOnlyFileSystem => ReadOnly(path, error),
                NoSpace or QuotaExceeded => NoRoom(path, error),
                AccessDenied or NotPermitted => NoPermission(path, message, error),
                _ when !Directory.Exists(path) => new(
                    path, CacheDirectoryCause.CannotBeMade, $"the directory cannot be made: {message}", OtherDirectory, error),
                _ => new(path, CacheDirectoryCause.Failing, message, OtherDirectory, error),
            },
        };
    }

    /// <summary>Another process has the directory.</summary>
    public static CacheDirectoryException InUse(string path, Exception? error = null)
    {
        string who = HolderOf(path) is { } holder ? $" ({holder})" : "";
        return new(
            path,
            CacheDirectoryCause.InUse,
            $"the directory is in use by another process{who}",
            "stop that process, or give this one a directory of its own: l2_cache_dir, or --port",
            error);
    }

    /// <summary>The process that has the directory, such as <c>pingora-slice, process 4711</c>; null when nobody can tell.</summary>
    public static string? HolderOf(string path) =>
        LockHolder.Of(Path.Combine(path, StoreLayout.LockFileName)) ?? LockHolder.Of(path);

    /// <summary>Something else lies there.</summary>
    public static CacheDirectoryException Foreign(string path, string name) => new(
        path,
        CacheDirectoryCause.ForeignFiles,
        $"there are files in it that are not a cache's, such as {name}; it is left as it is",
        "empty the directory, or choose an empty one for l2_cache_dir");

    /// <summary>Something stands under a name of ours that is not a file.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="name">The name in it.</param>
    /// <param name="kind">What it is, in words such as <c>a named pipe</c>.</param>
    public static CacheDirectoryException NotAFile(string path, string name, string kind) => new(
        path,
        CacheDirectoryCause.ForeignFiles,
        $"{Path.Combine(path, name)} is {kind} and not a file of a cache; it is left as it is",
        $"remove it, or {OtherDirectory}");

    /// <summary>A symbolic link has taken the place of the directory that was locked.</summary>
    public static CacheDirectoryException ReplacedByLink(string path) => new(
        path,
        CacheDirectoryCause.ForeignFiles,
        "a symbolic link to another directory has taken its place while it was in use; it is not followed",
        "put a directory there, or restart to use the one that the link names");

    /// <summary>The directory of another cache has taken the place of the one that was locked.</summary>
    public static CacheDirectoryException ReplacedByCache(string path) => new(
        path,
        CacheDirectoryCause.ForeignFiles,
        "a directory with files of a cache has taken its place while it was in use; they are left as they are",
        "restart to use them, or remove them");

    private static CacheDirectoryException ReadOnly(string path, Exception error) => new(
        path,
        CacheDirectoryCause.ReadOnly,
        "the file system is read-only",
        $"run: sudo mount -o remount,rw $(findmnt -no TARGET -T {NearestExisting(path)}); under systemd it may be so for the service only, "
            + $"then set ReadWritePaths={path} in the unit",
        error);

    private static CacheDirectoryException NoRoom(string path, Exception error)
    {
        string free = FreeMebibytes(path) is { } mebibytes ? $", {mebibytes} MiB free" : "";
        return new(
            path,
            CacheDirectoryCause.NoRoom,
            $"there is no room for a cache{free}, at least {(StoreLayout.KeptFreeBytes + StoreLayout.LeastBytes) >> 20} MiB are needed, "
                + $"of which {StoreLayout.KeptFreeBytes >> 20} MiB are left to others",
            $"make room (df -h {NearestExisting(path)} shows the file system), or {OtherDirectory}",
            error);
    }

    private static CacheDirectoryException NoPermission(string path, string message, Exception error)
    {
        string user = FileOwner.Own;
        if (!Directory.Exists(path))
        {
            return new(
                path,
                CacheDirectoryCause.CannotBeMade,
                $"the directory cannot be made: {user} may not write to {NearestExisting(path)}",
                $"run: sudo install -d -m 700 -o {user} {path}",
                error);
        }

        foreach (string entry in OwnEntries(path))
        {
            if (FileOwner.OtherOf(entry) is { } owner)
            {
                return new(
                    path,
                    CacheDirectoryCause.NoPermission,
                    $"{entry} belongs to {owner}, and this process runs as {user}",
                    $"run: sudo chown -R {user}: {path}",
                    error);
            }
        }

        return new(
            path,
            CacheDirectoryCause.NoPermission,
            $"{user} may not write to it: {message}",
            $"run: sudo chmod -R u+rwX {path}",
            error);
    }

    private static IEnumerable<string> OwnEntries(string path)
    {
        yield return path;
        yield return Path.Combine(path, StoreLayout.LockFileName);
        yield return Path.Combine(path, StoreLayout.IndexFileName);
        yield return Path.Combine(path, StoreLayout.NextIndexFileName);
        foreach (string segment in FindSegments(path))
        {
            yield return segment;
        }
    }

    private static string[] FindSegments(string path)
    {
        try
        {
            return StoreLayout.FindSegments(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string NearestExisting(string path)
    {
        string? at = Path.GetFullPath(path);
        while (at is not null && !Directory.Exists(at))
        {
            at = Path.GetDirectoryName(at);
        }

        return at ?? "/";
    }

    private static long? FreeMebibytes(string path)
    {
        try
        {
            return new DriveInfo(NearestExisting(path)).AvailableFreeSpace >> 20;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    // The BCL keeps the kernel's number in HResult, of a refusal in the exception inside.
    private static int ErrnoOf(Exception error)
    {
        for (Exception? at = error; at is not null; at = at.InnerException)
        {
            if (at is IOException && at.HResult is > 0 and < 4096)
            {
                return at.HResult;
            }
        }

        return error is UnauthorizedAccessException ? AccessDenied : 0;
    }
}
