using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>A directory: all values and counters are deleted under the fleet.</summary>
internal sealed class DirectoryFleetServers : IFleetServers
{
    private readonly TestDirectory _directory = new("fleet");

    /// <inheritdoc/>
    public IKeyValueStore Open() => new DirectoryStore(
        new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = _directory.Path }, TimeProvider.System);

    /// <inheritdoc/>
    public Task<string> HurtAsync(FuzzRandom random)
    {
        // Not the file at the top that says that it is a shared cache: no other directory is taken for one that is not empty.
        foreach (string folder in Directory.GetDirectories(_directory.Path))
        {
            Array.ForEach(Directory.GetFiles(folder, "*", SearchOption.AllDirectories), Delete);
        }

        return Task.FromResult("delete all");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Delete(string name)
    {
        try
        {
            File.Delete(name);
        }
        catch (IOException)
        {
            // Its directory is gone by the hand of an instance.
        }
    }
}
