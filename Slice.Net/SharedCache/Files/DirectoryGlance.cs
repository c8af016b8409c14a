using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Net.SharedCache.Files;

/// <summary>What a shared directory looks like to somebody who checks a configuration.</summary>
/// <param name="Problem">Why it is not used, in words with its path; null when it is.</param>
/// <param name="RoomBytes">What its file system has for it; null when nobody can tell.</param>
internal readonly record struct DirectoryGlance(string? Problem, long? RoomBytes)
{
    /// <summary>Looks at one, and neither makes nor changes anything. Blocks for as long as its file system does.</summary>
    /// <param name="options">What the operator says of it.</param>
    public static DirectoryGlance At(SharedCacheOptions options)
    {
        string path = Path.GetFullPath(options.Directory!);
        try
        {
            var directory = OpenDirectory.Look(path);
            using (directory.Root)
            {
                long usedBytes = JanitorPass.Read(directory)?.UsedBytes ?? 0;
                return new DirectoryGlance(null, usedBytes + directory.AvailableBytes());
            }
        }
        catch (FileErrorException error)
        {
            return new DirectoryGlance(FileTrouble.Of(path, error).Message, null);
        }
        catch (KeyValueStoreException error)
        {
            return new DirectoryGlance(error.Message, null);
        }
    }
}
