using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Files;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Files;

/// <summary>A fleet over one directory.</summary>
public sealed class DirectorySharedTierTests : SharedTierContract
{
    private readonly TestDirectory _directory = new("tier");

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    /// <inheritdoc/>
    protected override IKeyValueStore Open() => new DirectoryStore(
        new SharedCacheOptions { Type = SharedCacheType.Directory, Directory = _directory.Path },
        TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
