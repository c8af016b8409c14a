using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Real servers that end, stop and come back.</summary>
public sealed class MemcachedOutageTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_that_was_restarted_is_empty_and_told_of()
    {
        var server = await MemcachedServer.StartAsync();
        await using var store = Open(server.Authority);
        int told = 0;
        store.Told = () => told++;
        await store.SetAsync("key", new byte[10], s_minute, Ct);
        Assert.True(await HasAsync(store, "key"));
        Assert.Equal(0, told);

        await server.KillAsync();
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync("key", Ct));
        await server.DisposeAsync();
        await using var again = await MemcachedServer.StartAtAsync(server.Port);
        _time.Advance(NodeRest.Time);

        Assert.False(await HasAsync(store, "key"));
        Assert.Equal(1, told);
    }

    // No request met it while it was away: connections that it has closed are seen before they are used.
    [Fact]
    public async Task Restart_that_nobody_noticed_fails_no_request()
    {
        var server = await MemcachedServer.StartAsync();
        await using var store = Open(server.Authority);
        int told = 0;
        store.Told = () => told++;
        await Task.WhenAll(Enumerable.Range(0, 10).Select(index => store.SetAsync($"key{index}", new byte[10], s_minute, Ct).AsTask()));
        await server.DisposeAsync();
        await using var again = await MemcachedServer.StartAtAsync(server.Port);

        Assert.False(await HasAsync(store, "key1"));
        Assert.Equal(1, told);
    }

    [Fact]
    public async Task Server_that_is_stopped_is_left_alone_for_a_while_and_answers_again_afterwards()
    {
        await using var server = await MemcachedServer.StartAsync();
        await using var store = Open(server.Authority);
        await store.SetAsync("key", new byte[10], s_minute, Ct);
        await store.SetAsync("other", new byte[20], s_minute, Ct);
        await server.FreezeAsync();
        try
        {
            // Later than the last answer.
            _time.Advance(TimeSpan.FromMilliseconds(1));
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(Ct);
            var read = store.GetAsync("key", enough.Token).AsTask();
            Assert.False(read.IsCompleted);
            _time.Advance(LastAnswer.MostTimeoutsBehind * TimeSpan.FromMilliseconds(50));
            await enough.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
            await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync("key", Ct));
        }
        finally
        {
            server.Thaw();
        }

        _time.Advance(NodeRest.Time);

        // The late answer was about "key", of 10 bytes.
        using var other = await store.GetAsync("other", Ct);
        Assert.Equal(20, other!.Bytes.Length);
    }

    [Fact]
    public async Task Keys_of_a_dead_server_are_misses_and_those_of_others_stay()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => MemcachedServer.StartAsync()));
        await using var store = Open([.. servers.Select(server => server.Authority)]);
        string[] keys = [.. Enumerable.Range(0, 60).Select(index => $"key{index}")];
        foreach (string key in keys)
        {
            await store.SetAsync(key, new byte[10], s_minute, Ct);
        }

        var ring = new KetamaRing([.. servers.Select(server => new HostAndPort("127.0.0.1", server.Port))]);
        string[] lost = [.. keys.Where(key => ring.ServerOf(key) == 1)];
        Assert.InRange(lost.Length, 5, 40);
        await servers[1].DisposeAsync();

        // The first request finds out.
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(lost[0], Ct));
        foreach (string key in keys)
        {
            Assert.Equal(!lost.Contains(key), await HasAsync(store, key));
        }

        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync(lost[0], new byte[10], s_minute, Ct));
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.RemoveAsync(lost[0], Ct));
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.ReadCounterAsync(lost[0], Ct));
        Assert.Matches(@"^memcached 1\.[0-9.]+, 2 of 3 servers, [0-9.]+ of 128 MiB, 0 evictions$", await store.DescribeAsync(Ct));

        await servers[0].DisposeAsync();
        await servers[2].DisposeAsync();
        _time.Advance(NodeRest.Time);
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.DescribeAsync(Ct));
        foreach (string key in keys)
        {
            await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(key, Ct));
        }
    }

    [Fact]
    public async Task Server_that_is_away_is_told_of_once_by_name_and_with_the_reason_and_so_is_its_return()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => MemcachedServer.StartAsync()));
        await using var store = Open([.. servers.Select(server => server.Authority)]);
        var told = new List<(string, string?)>();
        store.ServerChanged = (server, reason) => told.Add((server, reason));
        var ring = new KetamaRing([.. servers.Select(server => new HostAndPort("127.0.0.1", server.Port))]);
        string key = Enumerable.Range(0, 100).Select(index => $"key{index}").First(key => ring.ServerOf(key) == 1);
        await servers[1].DisposeAsync();
        for (int attempt = 0; attempt < 20; attempt++)
        {
            var failure = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.ReadCounterAsync(key, Ct));
            Assert.True(failure.IsAway);
            _time.Advance(NodeRest.Time);
        }

        Assert.Equal([(servers[1].Authority, "connection refused: nobody listens there")], told);
        Assert.Equal(1, store.ServersDown);

        await using var again = await MemcachedServer.StartAtAsync(servers[1].Port);
        await store.ReadCounterAsync(key, Ct);
        Assert.Equal((servers[1].Authority, null), told[^1]);
        Assert.Equal((2, 0), (told.Count, store.ServersDown));
        await servers[0].DisposeAsync();
    }

    // It is the store itself, of which the same is said.
    [Fact]
    public async Task Only_server_is_none_of_several()
    {
        var server = await MemcachedServer.StartAsync();
        await using var store = Open(server.Authority);
        bool isTold = false;
        store.ServerChanged = (_, _) => isTold = true;
        await server.DisposeAsync();
        for (int attempt = 0; attempt < 10; attempt++)
        {
            await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.ReadCounterAsync("key", Ct));
            _time.Advance(NodeRest.Time);
        }

        Assert.Equal((false, 0), (isTold, store.ServersDown));
    }

    [Fact]
    public async Task Value_with_a_part_at_a_dead_server_is_a_miss()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => MemcachedServer.StartAsync()));
        await using var store = Open([.. servers.Select(server => server.Authority)]);
        var ring = new KetamaRing([.. servers.Select(server => new HostAndPort("127.0.0.1", server.Port))]);
        string[] keys = [.. Enumerable.Range(0, 1000).Select(index => $"key{index}")];
        string key = keys.First(key => ring.ServerOf(key) == 0 && ring.ServerOf(key + "/0") == 1);
        string atDead = keys.First(key => ring.ServerOf(key) == 1);
        await store.SetAsync(key, new byte[1 << 20], s_minute, Ct);
        Assert.True(await HasAsync(store, key));
        await servers[1].DisposeAsync();
        await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(atDead, Ct));

        Assert.False(await HasAsync(store, key));

        await servers[0].DisposeAsync();
    }

    private MemcachedStore Open(params string[] addresses) =>
        new(new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = addresses }, _time);

    private static async Task<bool> HasAsync(MemcachedStore store, string key)
    {
        using var read = await store.GetAsync(key, Ct);
        return read is not null;
    }
}
