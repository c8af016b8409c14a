using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>A fleet over three servers of Memcached.</summary>
public sealed class MemcachedSharedTierTests(MemcachedFixture servers) : SharedTierContract, IClassFixture<MemcachedFixture>
{
    /// <inheritdoc/>
    protected override IKeyValueStore Open() => new MemcachedStore(
        new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = servers.Addresses }, TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
