using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>A fleet over a store in memory that tells of news.</summary>
public sealed class MemorySharedTierTests : SharedTierContract
{
    private readonly MemoryKeyValueServer _server = new();

    /// <inheritdoc/>
    protected override IKeyValueStore Open() => _server.Open(canTell: true);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
