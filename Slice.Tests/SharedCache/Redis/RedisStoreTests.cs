using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Redis;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>The contract over one server without TLS and without a password.</summary>
public sealed class RedisStoreTests(RedisFixture fixture) : KeyValueStoreContract, IClassFixture<RedisFixture>
{
    /// <inheritdoc/>
    protected override IKeyValueStore Open() =>
        new RedisStore(new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [fixture.Server.Address] });

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
