using System.Globalization;
using Slice.Core.Options;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>A directory with one or more stores over it, and what the tests do to its files. Disposed with the stores.</summary>
internal sealed class SharedDirectory : IAsyncDisposable
{
    private readonly TestDirectory _directory = new("shared");
    private readonly List<DirectoryStore> _stores = [];

    /// <summary>Its path.</summary>
    public string Path => _directory.Path;

    /// <summary>Opens one more store over it.</summary>
    public DirectoryStore Open(
        TimeProvider? time = null, long sizeBytes = 1L << 30, FileThreads? threads = null, bool flushes = false, string? path = null)
    {
        var options = new SharedCacheOptions
        {
            Type = SharedCacheType.Directory,
            Directory = path ?? Path,
            DirectorySizeBytes = sizeBytes,
            FlushesDirectory = flushes,
        };
        var store = new DirectoryStore(
            options, time ?? TimeProvider.System, threads ?? new FileThreads("the shared directory", maxThreads: 8, maxWaiting: 256));
        _stores.Add(store);
        return store;
    }

    /// <summary>The absolute path of a name inside.</summary>
    public string Combine(string name) => _directory.Combine(name);

    /// <summary>The file of a value.</summary>
    public string FileOf(string key) => Combine(DirectoryLayout.ValueOf(key));

    /// <summary>Files under a name that ends so, anywhere inside.</summary>
    public string[] Files(string suffix) => [.. Directory
        .EnumerateFiles(Path, "*", SearchOption.AllDirectories)
        .Where(file => file.EndsWith(suffix, StringComparison.Ordinal))];

    /// <summary>Bytes that all values take, in the blocks of a usual file system.</summary>
    public long ValueBytes() => Files("~v").Sum(file =>
    {
        var found = new FileInfo(file);
        return found.Exists ? (found.Length + 4095) / 4096 * 4096 : 0;
    });

    /// <summary>Makes a file look as if it was last written and read so long ago.</summary>
    public static void Age(string file, TimeSpan by)
    {
        var then = DateTime.UtcNow - by;
        File.SetLastWriteTimeUtc(file, then);
        File.SetLastAccessTimeUtc(file, then);
    }

    /// <summary>Lays a directory out and holds its lock, so that no pass of a janitor comes until the file is removed.</summary>
    /// <returns>The file.</returns>
    public static string Hold(string path)
    {
        using var root = OpenDirectory.Open(path, "another", TimeProvider.System).Root;
        string held = System.IO.Path.Combine(path, DirectoryLayout.JanitorLock);
        File.WriteAllText(held, "another");
        return held;
    }

    /// <summary>Makes a pass of a store's janitor, after any that is under way.</summary>
    public static Task CleanUpAsync(DirectoryStore store) =>
        Eventually.TrueAsync(() => store.Janitor.TryPass(isForced: true), "a pass of the janitor");

    /// <summary>The numbers that a counter has, in order.</summary>
    public long[] Numbers(string key) => [.. Directory
        .EnumerateFiles(Combine(DirectoryLayout.CounterOf(key)))
        .Select(file => long.Parse(System.IO.Path.GetFileName(file), CultureInfo.InvariantCulture))
        .Order()];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores)
        {
            await store.DisposeAsync();
        }

        _directory.Dispose();
    }
}
