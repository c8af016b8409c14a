using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>The store that other tests share: it keeps the contract, so that what they see is what a real one does.</summary>
public sealed class MemoryKeyValueStoreTests : KeyValueStoreContract
{
    private readonly MemoryKeyValueServer _server = new();

    /// <inheritdoc/>
    protected override IKeyValueStore Open() => _server.Open();

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
