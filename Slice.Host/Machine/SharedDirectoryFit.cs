using Slice.Core.Options;
using Slice.Host.Text;
using Slice.Net.SharedCache.Files;

namespace Slice.Host.Machine;

/// <summary>
/// Tells when the file system of a shared directory has less room than the directory may take: then the janitor goes by the room.
/// </summary>
internal static class SharedDirectoryFit
{
    // What a mount that hangs costs a start: the store itself is waited for by nobody. Arbitrary.
    private static readonly TimeSpan s_longestLook = TimeSpan.FromSeconds(1);

    /// <summary>The key that is lowered; null for none, and when nobody can tell now. Blocks for as long as the file system does.</summary>
    /// <param name="options">A valid configuration of the tier.</param>
    public static LoweredOption? Find(SharedCacheOptions options)
    {
        if (options.Type != SharedCacheType.Directory || DirectoryGlance.At(options).RoomBytes is not { } roomBytes)
        {
            return null;
        }

        long sizeBytes = DirectoryRoom.SizeFor(options.DirectorySizeBytes, roomBytes);
        return sizeBytes < options.DirectorySizeBytes
            ? new LoweredOption(
                "shared_cache.directory_size",
                ByteSizeText.Format(options.DirectorySizeBytes),
                ByteSizeText.Format(sizeBytes >> 20 << 20),
                $"the file system of {options.Directory} has {ReadableSize.Format(roomBytes)} for it, and a tenth of that is left free")
            : null;
    }

    /// <summary>The same within a second, or null.</summary>
    public static async Task<LoweredOption?> FindSoonAsync(SharedCacheOptions options)
    {
        // A thread of its own, which a hung mount keeps.
        var looking = Task.Factory.StartNew(
            () => Find(options), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return await Task.WhenAny(looking, Task.Delay(s_longestLook)) == looking ? await looking : null;
    }
}
