using System.Runtime.InteropServices;

namespace Slice.Core.Storage;

/// <summary>
/// Says whether a start could use a cache directory, without making or changing anything: for whoever asks before the start.
/// </summary>
internal static partial class CacheDirectoryProbe
{
    private const int NoSpace = 28;
    private const int WorkingDirectory = -100;
    private const int MaySearch = 1;
    private const int MayWrite = 2;
    private const int MayRead = 4;

    // For the user whose rights count, not the one who has started a program with other rights.
    private const int EffectiveRights = 0x200;

    /// <summary>Why a start could not use the directory as things are; null when it could.</summary>
    public static CacheDirectoryException? Find(string path)
    {
        try
        {
            string nearest = NearestExisting(path);
            Demand(nearest, Directory.Exists(nearest) ? MayWrite | MaySearch : MayRead | MayWrite);
            if (nearest != path)
            {
                return HasRoom(nearest) ? null : CacheDirectoryDiagnosis.Of(path, new IOException("no room", NoSpace));
            }

            CacheDirectory.RefuseForeignFiles(path);
            string[] segments = StoreLayout.FindSegments(path);
            string[] others = [StoreLayout.LockFileName, StoreLayout.IndexFileName, StoreLayout.NextIndexFileName];
            foreach (string file in others.Select(name => Path.Combine(path, name)).Where(File.Exists).Concat(segments))
            {
                Demand(file, MayRead | MayWrite);
            }

            using var directoryLock = NativeMemory.LockDirectory(path, out bool isTaken);
            return isTaken ? CacheDirectoryDiagnosis.InUse(path)
                : segments.Length > 0 || HasRoom(path) ? null
                : CacheDirectoryDiagnosis.Of(path, new IOException("no room", NoSpace));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return CacheDirectoryDiagnosis.Of(path, error);
        }
    }

    /// <summary>Why this user cannot make files in a directory that is there, in the system's words; null when that is possible.</summary>
    public static string? WhyNotWritable(string directory)
    {
        int error = Access(directory, MayWrite | MaySearch);
        return error == 0 ? null : Marshal.GetPInvokeErrorMessage(error);
    }

    private static bool HasRoom(string directory) =>
        new DriveInfo(directory).AvailableFreeSpace >= StoreLayout.KeptFreeBytes + StoreLayout.LeastBytes;

    private static string NearestExisting(string path)
    {
        string at = path;
        while (!Path.Exists(at) && Path.GetDirectoryName(at) is { Length: > 0 } parent)
        {
            at = parent;
        }

        return at;
    }

    private static void Demand(string path, int mode)
    {
        if (Access(path, mode) is var error and not 0)
        {
            throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);
        }
    }

    // The error number, or 0.
    private static int Access(string path, int mode) =>
        FaccessAt(WorkingDirectory, path, mode, EffectiveRights) == 0 ? 0 : Marshal.GetLastPInvokeError();

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FaccessAt(int directory, string path, int mode, int flags);
}
