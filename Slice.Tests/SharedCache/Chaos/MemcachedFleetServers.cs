using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Fuzzing;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Chaos;

/// <summary>Three servers of Memcached: one or all are killed and started again empty, or one is stopped for a while.</summary>
internal sealed class MemcachedFleetServers : IFleetServers
{
    private readonly MemcachedServer[] _servers;
    private readonly string[] _addresses;

    private MemcachedFleetServers(MemcachedServer[] servers)
    {
        _servers = servers;
        _addresses = [.. servers.Select(server => server.Authority)];
    }

    /// <summary>Starts them.</summary>
    public static async Task<IFleetServers> StartAsync() =>
        new MemcachedFleetServers(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => MemcachedServer.StartAsync())));

    /// <inheritdoc/>
    public IKeyValueStore Open() => new MemcachedStore(
        new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = _addresses }, TimeProvider.System);

    /// <inheritdoc/>
    public async Task<string> HurtAsync(FuzzRandom random)
    {
        int index = random.Below(_servers.Length);
        if (random.OneIn(3))
        {
            // The length of an outage, not a wait for anything; below, too.
            await _servers[index].FreezeAsync();
            await Task.Delay(300 + random.Below(1700), TestContext.Current.CancellationToken);
            _servers[index].Thaw();
            return "stop";
        }

        int[] killed = random.OneIn(2) ? [index] : [0, 1, 2];
        foreach (int one in killed)
        {
            await _servers[one].KillAsync();
        }

        await Task.Delay(random.Below(800), TestContext.Current.CancellationToken);
        foreach (int one in killed)
        {
            int port = _servers[one].Port;
            await _servers[one].DisposeAsync();
            _servers[one] = await MemcachedServer.StartAtAsync(port);
        }

        return killed.Length == 1 ? "kill" : "kill all";
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
