using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>A fleet over a store in memory that tells nobody of news.</summary>
public sealed class SilentSharedTierTests : SharedTierContract
{
    private readonly MemoryKeyValueServer _server = new();

    /// <inheritdoc/>
    protected override IKeyValueStore Open() => _server.Open(canTell: false);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
