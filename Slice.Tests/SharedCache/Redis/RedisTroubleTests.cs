using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>Servers that are away, mute, full or in pieces.</summary>
public sealed class RedisTroubleTests
{
    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Server_that_is_not_there_fails_every_operation_without_the_callers_deadline()
    {
        using var nobody = new RefusingPort();
        await using var store = Over($"127.0.0.1:{nobody.Uri.Port}");

        // The library tells why an attempt failed on a thread of its own, a moment after it says that there is no connection.
        string[] messages = [];
        await Eventually.TrueAsync(
            async () =>
            {
                messages = [.. (await AllFailAsync(store)).Distinct()];
                return messages.All(static message => message.Contains("refused", StringComparison.OrdinalIgnoreCase));
            },
            () => $"all to say that they were refused: {string.Join('\n', messages)}");
        Assert.All(messages, message => Assert.StartsWith(store.Name, message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Server_that_is_there_later_is_found()
    {
        await using var server = await RedisServer.StartAsync();
        await server.KillAsync();
        await using var store = Over(server.Address);
        int told = 0;
        store.Told = () => Interlocked.Increment(ref told);
        await FailsAsync(store, "pslice:a");

        await server.StartAgainAsync();
        await WorksAsync(store, "pslice:a");
        await HearsAsync(store, server, () => Volatile.Read(ref told));
    }

    // Instances that list them in another order would write to another one, and each would think that all others hear.
    [Fact]
    public async Task Two_servers_that_know_nothing_of_each_other_are_no_store()
    {
        await using var one = await RedisServer.StartAsync();
        await using var other = await RedisServer.StartAsync();
        await using var store = Over(one.Address, other.Address);

        Assert.All(await AllFailAsync(store), message =>
        {
            Assert.Contains(
                $"{one.Address} and {other.Address} are primaries of their own and no cluster", message, StringComparison.Ordinal);
            Assert.Contains("shared_cache.address names one server", message, StringComparison.Ordinal);
        });

        await other.KillAsync();
        await WorksAsync(store, "pslice:a");
    }

    [Fact]
    public async Task Server_that_accepts_and_never_answers_costs_as_long_as_the_caller_waits()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        await using var store = Over(mute.LocalEndpoint.ToString()!);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.GetAsync("pslice:a", deadline.Token));
    }

    [Fact]
    public async Task Server_that_was_killed_and_started_again_is_used_again_and_what_was_missed_is_told()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = Over(server.Address);
        int told = 0;
        store.Told = () => Interlocked.Increment(ref told);
        await WorksAsync(store, "pslice:a");
        await Eventually.TrueAsync(
            async () => (await server.CliAsync("pubsub", "numsub", "pslice:news")).TrimEnd().EndsWith('1'), () => "the store to listen");

        await server.KillAsync();
        await FailsAsync(store, "pslice:a");
        int before = Volatile.Read(ref told);
        await server.StartAgainAsync();
        await WorksAsync(store, "pslice:a");
        await Eventually.TrueAsync(() => Volatile.Read(ref told) > before, "to be told that the server is back");
        await HearsAsync(store, server, () => Volatile.Read(ref told));
    }

    [Fact]
    public async Task Paused_server_costs_as_long_as_the_caller_waits_and_keeps_no_memory_of_his()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = Over(server.Address);
        await WorksAsync(store, "pslice:a");
        byte[] value = new byte[1 << 20];
        Array.Fill(value, (byte)'v');

        server.Pause();
        using (var deadline = new CancellationTokenSource())
        {
            // Both are sent, and only then does the time run.
            var reading = store.GetAsync("pslice:a", deadline.Token).AsTask();
            var setting = store.SetAsync("pslice:long", value, s_minute, deadline.Token).AsTask();
            deadline.CancelAfter(TimeSpan.FromMilliseconds(50));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => setting);
        }

        Array.Clear(value);
        server.Continue();
        await WorksAsync(store, "pslice:a");
        LeasedValue? stored = null;
        await Eventually.TrueAsync(
            async () => (stored = await store.GetAsync("pslice:long", Ct)) is not null, () => "the write that nobody waited for");
        using (stored)
        {
            Assert.Equal(1 << 20, stored!.Bytes.Length);
            Assert.False(stored.Bytes.Span.ContainsAnyExcept((byte)'v'));
        }
    }

    [Fact]
    public async Task Values_for_a_server_that_takes_nothing_are_refused_beyond_a_limit()
    {
        await using var server = await RedisServer.StartAsync();
        await using var store = Over(server.Address);
        await WorksAsync(store, "pslice:a");
        server.Pause();
        using var deadline = new CancellationTokenSource();
        byte[] value = new byte[8 << 20];
        Task[] writes =
        [
            .. Enumerable.Range(0, 8).Select(index => store.SetAsync($"pslice:{index}", value, s_minute, deadline.Token).AsTask()),
        ];

        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync("pslice:9", value, s_minute, Ct));
        Assert.Contains("64 MiB", refusal.Message, StringComparison.Ordinal);

        server.Continue();
        await Deadline.WithinAsync(Task.WhenAll(writes), "eight writes to end");
        await store.SetAsync("pslice:9", value, s_minute, Ct);
    }

    [Fact]
    public async Task Server_that_is_full_and_evicts_nothing_says_so()
    {
        await using var server = await RedisServer.StartAsync("maxmemory 3mb\nmaxmemory-policy noeviction");
        await using var store = Over(server.Address);
        byte[] value = new byte[4 << 20];
        await Assert.ThrowsAsync<KeyValueStoreException>(async () =>
        {
            // The first may go in: a server looks at its memory before it takes a value.
            await store.SetAsync("pslice:a", value, s_minute, Ct);
            await store.SetAsync("pslice:b", value, s_minute, Ct);
        });
        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.SetAsync("pslice:c", value, s_minute, Ct));
        Assert.Contains("is full and evicts nothing", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("OOM", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("of 3 MiB used, noeviction", await store.DescribeAsync(Ct), StringComparison.Ordinal);
    }

    // Counted in one transaction, of which the library tells only that it was discarded.
    [Fact]
    public async Task Counter_that_a_full_server_does_not_take_is_refused_with_the_reason()
    {
        await using var server = await RedisServer.StartAsync("maxmemory 1\nmaxmemory-policy noeviction");
        await using var store = Over(server.Address);

        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.IncrementAsync("pslice:n", 1, Ct));

        Assert.StartsWith($"{store.Name}: is full and evicts nothing (maxmemory-policy): OOM", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replica_says_that_it_takes_no_writes()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var replica = await RedisServer.StartAsync($"replicaof 127.0.0.1 {primary.Port}");
        await using var store = Over(replica.Address);
        var refusal = await Assert.ThrowsAsync<KeyValueStoreException>(
            async () => await store.SetAsync("pslice:a", "a"u8.ToArray(), s_minute, Ct));
        Assert.Contains("replica", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_of_the_other_nodes_go_on_when_one_of_a_cluster_is_killed()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var store = Over([.. cluster.Nodes.Select(node => node.Address)]);
        string[] keys = [.. Enumerable.Range(0, 30).Select(index => $"pslice:{index}")];
        foreach (string key in keys)
        {
            await store.SetAsync(key, "value"u8.ToArray(), s_minute, Ct);
        }

        Assert.Contains("cluster, 3 primaries", await store.DescribeAsync(Ct), StringComparison.Ordinal);
        await using var other = Over(cluster.Nodes[0].Address);
        await WorksAsync(other, keys[0]);
        HashSet<string> ofKilled = [.. (await cluster.Nodes[2].CliAsync("keys", "*")).Split('\n', StringSplitOptions.TrimEntries)];
        await cluster.Nodes[2].KillAsync();

        Assert.InRange(keys.Count(ofKilled.Contains), 1, keys.Length - 1);
        foreach (string key in keys)
        {
            if (ofKilled.Contains(key))
            {
                await FailsAsync(store, key);
            }
            else
            {
                using var read = await store.GetAsync(key, Ct);
                Assert.NotNull(read);
            }
        }

        await cluster.Nodes[2].StartAgainAsync();
        foreach (string key in ofKilled)
        {
            await WorksAsync(store, key);
        }
    }

    [Fact]
    public async Task Killed_node_of_a_cluster_is_told_of_once_by_name_and_with_the_reason_and_so_is_its_return()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var store = Over(cluster.Nodes[0].Address);
        var told = new ConcurrentQueue<string>();
        store.ServerChanged = (node, reason) => told.Enqueue($"{node} {reason}");
        await WorksAsync(store, "pslice:a");
        await cluster.Nodes[2].KillAsync();
        await Eventually.TrueAsync(() => store.ServersDown == 1, "the node to be away for a moment");
        await cluster.Nodes[2].StartAgainAsync();
        await Eventually.TrueAsync(() => store.ServersDown == 0, "the node to be back");

        string node = cluster.Nodes[2].Address;
        Assert.Equal([$"{node} no connection: Connection refused", $"{node} "], told);
    }

    [Fact]
    public async Task Silent_node_of_a_cluster_is_left_alone_after_one_missed_deadline()
    {
        var time = new FakeTimeProvider();
        await using var cluster = await RedisCluster.StartAsync();
        var options = new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [cluster.Nodes[0].Address] };
        await using var store = new RedisStore(options, time);
        string[] keys = [.. Enumerable.Range(0, 30).Select(index => $"pslice:{index}")];
        foreach (string key in keys)
        {
            await store.SetAsync(key, "value"u8.ToArray(), s_minute, Ct);
        }

        string[] ofSilent = [.. (await cluster.Nodes[2].CliAsync("keys", "*")).Split('\n', StringSplitOptions.TrimEntries).Intersect(keys)];
        cluster.Nodes[2].Pause();
        await MeetDeadlineAsync(ofSilent[0]);

        // Its keys are missing, or fail at once; those of the others are there.
        foreach (string key in keys)
        {
            using var read = await Deadline.WithinAsync(store.GetAsync(key, Ct).AsTask(), "a read");
            Assert.Equal(!ofSilent.Contains(key), read is not null);
        }

        var refusal = await Deadline.WithinAsync(
            Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.IncrementAsync(ofSilent[1], 1, Ct)), "no");
        Assert.Contains("one node of the cluster: no answer within 50 ms", refusal.Message, StringComparison.Ordinal);

        await Deadline.WithinAsync(
            Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetShortAsync(ofSilent[1], isSure: true, Ct)), "no");

        // Now and then one caller tries the node, and finds it again.
        time.Advance(NodeRest.Time);
        await MeetDeadlineAsync(ofSilent[0]);
        Assert.Null(await store.GetAsync(ofSilent[1], Ct));
        cluster.Nodes[2].Continue();
        time.Advance(NodeRest.Time);
        await WorksAsync(store, ofSilent[0]);
        using var found = await store.GetAsync(ofSilent[1], Ct);
        Assert.NotNull(found);

        async Task MeetDeadlineAsync(string key)
        {
            // Later than the last answer.
            time.Advance(TimeSpan.FromMilliseconds(1));
            using var deadline = new CancellationTokenSource();
            var reading = store.GetAsync(key, deadline.Token).AsTask();
            Assert.False(reading.IsCompleted);
            time.Advance(LastAnswer.MostTimeoutsBehind * options.Timeout);
            await deadline.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }
    }

    [Fact]
    public async Task Store_over_IPv6_is_reached()
    {
        await using var server = await RedisServer.StartAsync("bind 127.0.0.1 ::1");
        await using var store = Over($"[::1]:{server.Port}");
        await WorksAsync(store, "pslice:a");
    }

    [Fact]
    public async Task Disposed_store_fails_operations_under_way_and_later_ones()
    {
        await using var server = await RedisServer.StartAsync();
        var store = Over(server.Address);
        await WorksAsync(store, "pslice:a");
        server.Pause();
        var reading = store.GetAsync("pslice:a", Ct).AsTask();
        await Deadline.WithinAsync(store.DisposeAsync().AsTask(), "the store to be disposed of");
        await Assert.ThrowsAsync<KeyValueStoreException>(() => reading);
        await FailsAsync(store, "pslice:a");
        Assert.DoesNotContain("pingora-slice", await ConnectionsAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposed_store_that_was_never_used_does_not_connect()
    {
        await using var server = await RedisServer.StartAsync();
        var store = Over(server.Address);
        await store.DisposeAsync();
        await FailsAsync(store, "pslice:a");
        Assert.DoesNotContain("pingora-slice", await ConnectionsAsync(server), StringComparison.Ordinal);
    }

    /// <summary>Returns once a value can be written and read under a key.</summary>
    internal static Task WorksAsync(IKeyValueStore store, string key) => Eventually.TrueAsync(
        async () =>
        {
            try
            {
                await store.SetAsync(key, "works"u8.ToArray(), s_minute, Ct);
                using var read = await store.GetAsync(key, Ct);
                return read is not null;
            }
            catch (KeyValueStoreException)
            {
                return false;
            }
        },
        () => "a store that works");

    /// <summary>Returns when reading a key has failed. Nothing but the store ends the wait.</summary>
    internal static Task FailsAsync(IKeyValueStore store, string key) => Deadline.WithinAsync(
        Assert.ThrowsAsync<KeyValueStoreException>(async () => await store.GetAsync(key, CancellationToken.None)), "a read to fail");

    private static RedisStore Over(params string[] addresses) =>
        new(new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = addresses }, TimeProvider.System);

    // What others say on the channel is heard.
    private static Task HearsAsync(RedisStore store, RedisServer server, Func<int> told)
    {
        int before = told();
        return Eventually.TrueAsync(
            async () =>
            {
                await server.CliAsync("publish", "pslice:news", "somebody");
                return told() > before;
            },
            () => $"{store.Name} to hear of news");
    }

    private static async Task<string> ConnectionsAsync(RedisServer server)
    {
        server.Continue();
        return await server.CliAsync("client", "list");
    }

    private static async Task<string[]> AllFailAsync(RedisStore store)
    {
        byte[] value = "value"u8.ToArray();
        Func<ValueTask>[] operations =
        [
            async () => await store.GetAsync("pslice:a", CancellationToken.None),
            async () => await store.SetAsync("pslice:a", value, s_minute, CancellationToken.None),
            async () => await store.SetAsync("pslice:a", new byte[1 << 20], s_minute, CancellationToken.None),
            async () => await store.TryAddAsync("pslice:a", value, s_minute, CancellationToken.None),
            async () => await store.TryRenewAsync("pslice:a", value, s_minute, CancellationToken.None),
            async () => await store.RemoveAsync("pslice:a", CancellationToken.None),
            async () => await store.IncrementAsync("pslice:a", 1, CancellationToken.None),
            async () => await store.ReadCounterAsync("pslice:a", CancellationToken.None),
            async () => await store.TellAsync(CancellationToken.None),
            async () => await store.DescribeAsync(CancellationToken.None),
        ];
        List<string> messages = [];
        foreach (var operation in operations)
        {
            var failure = Assert.ThrowsAsync<KeyValueStoreException>(async () => await operation());
            messages.Add((await Deadline.WithinAsync(failure, "an operation to fail")).Message);
        }

        return [.. messages];
    }
}
