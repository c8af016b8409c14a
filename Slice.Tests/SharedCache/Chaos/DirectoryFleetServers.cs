using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>A directory: its files are deleted under the fleet, all of them or the half.</summary>
internal sealed class DirectoryFleetServers : IFleetServers
{
    private readonly TestDirectory _directory = new("fleet");

    /// <inheritdoc/>
    public IKeyValueStore Open() => new DirectoryStore(
        new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = _directory.Path }, TimeProvider.System);

    /// <inheritdoc/>
    public Task<string> HurtAsync(FuzzRandom random)
    {
        bool isAll = random.OneIn(2);
        foreach (string name in Directory.GetFiles(_directory.Path, "*", SearchOption.AllDirectories))
        {
            if (isAll || (name.EndsWith("~v", StringComparison.Ordinal) && random.OneIn(2)))
            {
                Delete(name);
            }
        }

        return Task.FromResult(isAll ? "delete all" : "delete half of the values");
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
