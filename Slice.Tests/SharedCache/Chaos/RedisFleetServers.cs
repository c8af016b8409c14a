using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>One Redis, or the nodes of a cluster of them: killed and started again empty, and stopped for a while.</summary>
internal sealed class RedisFleetServers : IFleetServers
{
    private readonly IReadOnlyList<RedisServer> _nodes;
    private readonly IAsyncDisposable _owner;

    private RedisFleetServers(IReadOnlyList<RedisServer> nodes, IAsyncDisposable owner) => (_nodes, _owner) = (nodes, owner);

    /// <summary>Starts one server.</summary>
    public static async Task<IFleetServers> StartAsync()
    {
        var server = await RedisServer.StartAsync();
        return new RedisFleetServers([server], server);
    }

    /// <summary>Starts a cluster of three.</summary>
    public static async Task<IFleetServers> StartClusterAsync()
    {
        var cluster = await RedisCluster.StartAsync();
        return new RedisFleetServers(cluster.Nodes, cluster);
    }

    /// <inheritdoc/>
    public IKeyValueStore Open() => new RedisStore(
        new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [.. _nodes.Select(node => node.Address)] }, TimeProvider.System);

    /// <inheritdoc/>
    public async Task<string> HurtAsync(FuzzRandom random)
    {
        var node = random.Pick(_nodes);
        if (random.OneIn(2))
        {
            // The length of an outage, not a wait for anything; below, too.
            node.Pause();
            await Task.Delay(300 + random.Below(1700), TestContext.Current.CancellationToken);
            node.Continue();
            return "stop";
        }

        await node.KillAsync();
        await Task.Delay(random.Below(800), TestContext.Current.CancellationToken);
        await node.StartAgainAsync();
        return "kill";
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _owner.DisposeAsync();
}
