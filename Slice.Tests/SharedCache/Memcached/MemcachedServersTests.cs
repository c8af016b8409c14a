using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>What every store does, over three servers.</summary>
public sealed class MemcachedServersTests(MemcachedFixture servers) : KeyValueStoreContract, IClassFixture<MemcachedFixture>
{
    /// <inheritdoc/>
    protected override IKeyValueStore Open() => new MemcachedStore(
        new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = servers.Addresses }, TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
