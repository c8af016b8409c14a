using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Redis;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>A fleet over one real Redis.</summary>
public sealed class RedisSharedTierTests(RedisFixture fixture) : SharedTierContract, IClassFixture<RedisFixture>
{
    /// <inheritdoc/>
    protected override IKeyValueStore Open() =>
        new RedisStore(new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [fixture.Server.Address] }, TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
