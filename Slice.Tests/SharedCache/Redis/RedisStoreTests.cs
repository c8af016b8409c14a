using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Redis;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>
/// The contract over one server without TLS and without a password: redis-server, or what <c>SLICE_REDIS</c> names, to try another one.
/// </summary>
public sealed class RedisStoreTests(RedisFixture fixture) : KeyValueStoreContract, IClassFixture<RedisFixture>
{
    private static readonly string? s_other = Environment.GetEnvironmentVariable("SLICE_REDIS");

    /// <inheritdoc/>
    protected override IKeyValueStore Open() =>
        new RedisStore(
            new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [s_other ?? fixture.Server.Address] },
            TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;
}
