namespace Slice.Tests.Support;

/// <summary>A cluster of three nodes of <see cref="RedisServer"/> without replicas, each with a third of the slots.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private readonly RedisServer[] _nodes;

    private RedisCluster(RedisServer[] nodes) => _nodes = nodes;

    /// <summary>Its nodes.</summary>
    public IReadOnlyList<RedisServer> Nodes => _nodes;

    /// <summary>Starts it, each node with these further lines of configuration, and returns when every node takes keys.</summary>
    public static async Task<RedisCluster> StartAsync(string configuration = "")
    {
        var cluster = new RedisCluster(
            await Task.WhenAll(StartNodeAsync(configuration), StartNodeAsync(configuration), StartNodeAsync(configuration)));
        try
        {
            await RedisServer.RunCliAsync(["--cluster", "create", .. cluster._nodes.Select(node => node.Address), "--cluster-yes"]);
            await Eventually.TrueAsync(
                async () =>
                {
                    string[] states = await Task.WhenAll(cluster._nodes.Select(node => node.CliAsync("cluster", "info")));
                    return states.All(state => state.Contains("cluster_state:ok", StringComparison.Ordinal)
                        && state.Contains("cluster_known_nodes:3", StringComparison.Ordinal));
                },
                () => "three nodes of a cluster that know each other");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    // The nodes talk to each other on a port of their own. With no say of all slots, those that are left go on when a node is away.
    private static Task<RedisServer> StartNodeAsync(string configuration) => RedisServer.StartAsync($$$"""
        cluster-enabled yes
        cluster-port {{busPort}}
        cluster-node-timeout 500
        cluster-require-full-coverage no
        port {{port}}
        {{{configuration}}}
        """);
}
