using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>
/// The contract over a cluster of three nodes, of which one is named and the others are found, with a user who has few rights.
/// </summary>
public sealed class RedisClusterStoreTests(RedisClusterStoreTests.Fixture fixture)
    : KeyValueStoreContract, IClassFixture<RedisClusterStoreTests.Fixture>
{
    /// <inheritdoc/>
    protected override IKeyValueStore Open() => new RedisStore(new SharedCacheOptions
    {
        Type = SharedCacheType.Redis,
        Addresses = [fixture.Cluster.Nodes[0].Address],
        User = "pslice",
        Password = "secret",
        Prefix = "t-p:",
    }, TimeProvider.System);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        foreach (var node in fixture.Cluster.Nodes)
        {
            string refused = await node.CliAsync("acl", "log");
            Assert.True(refused.Trim().Length == 0, refused);
        }
    }

    /// <summary>One cluster for the tests of the class.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        private RedisCluster? _cluster;

        /// <summary>The cluster.</summary>
        public RedisCluster Cluster => _cluster ?? throw new InvalidOperationException("not started");

        /// <inheritdoc/>
        public async ValueTask InitializeAsync() => _cluster = await RedisCluster.StartAsync(RedisUser.Rule);

        /// <inheritdoc/>
        public async ValueTask DisposeAsync()
        {
            if (_cluster is not null)
            {
                await _cluster.DisposeAsync();
            }
        }
    }
}
