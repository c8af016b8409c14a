using Slice.Core.Storage;

namespace Slice.Tests.Support;

/// <summary>Copies of cache directories as their files are at this moment, which is what a kill leaves.</summary>
internal static class KilledCache
{
    /// <summary>A copy of a cache directory; the caller disposes the copy.</summary>
    public static TestDirectory CopyOf(TestDirectory directory)
    {
        var copy = new TestDirectory("killed");
        Copy(directory, copy);
        return copy;
    }

    /// <summary>
    /// Copies a cache directory into an empty one. The lock file is left out: whoever has the original goes on having it.
    /// </summary>
    public static void Copy(TestDirectory directory, TestDirectory copy)
    {
        foreach (string path in Directory.GetFiles(directory.Path))
        {
            if (!path.EndsWith(StoreLayout.LockFileName, StringComparison.Ordinal))
            {
                File.Copy(path, copy.Combine(Path.GetFileName(path)));
            }
        }
    }
}
