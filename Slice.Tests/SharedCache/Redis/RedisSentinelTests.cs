using Slice.Core.Options;
using Slice.Net.SharedCache.Redis;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>A primary and its replica behind a sentinel.</summary>
public sealed class RedisSentinelTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Store_finds_the_primary_and_the_next_one_after_it_is_killed()
    {
        const string Login = "requirepass secret\nmasterauth secret\n";
        await using var primary = await RedisServer.StartAsync(Login);
        await using var replica = await RedisServer.StartAsync($"{Login}replicaof 127.0.0.1 {primary.Port}\nrepl-diskless-sync-delay 0");
        await using var sentinel = await StartSentinelAsync(primary);
        await Eventually.TrueAsync(
            async () => (await sentinel.CliAsync("sentinel", "replicas", "tier")).Contains($"{replica.Port}", StringComparison.Ordinal)
                && (await LoggedInAsync(replica, "info", "replication")).Contains("master_link_status:up", StringComparison.Ordinal),
            () => "a replica that the sentinel knows");

        // The sentinel itself asks for no password.
        await using var store = new RedisStore(new SharedCacheOptions
        {
            Type = SharedCacheType.Redis,
            Addresses = [sentinel.Address],
            Sentinel = "tier",
            Password = "secret",
        }, TimeProvider.System);
        int told = 0;
        store.Told = () => Interlocked.Increment(ref told);

        await store.SetAsync("pslice:a", "before"u8.ToArray(), TimeSpan.FromMinutes(1), Ct);
        Assert.Contains("sentinel tier", await store.DescribeAsync(Ct), StringComparison.Ordinal);
        Assert.Equal("before", (await LoggedInAsync(primary, "get", "pslice:a")).Trim());

        await primary.KillAsync();
        await RedisTroubleTests.WorksAsync(store, "pslice:a");
        Assert.Equal("works", (await LoggedInAsync(replica, "get", "pslice:a")).Trim());
        await Eventually.TrueAsync(() => Volatile.Read(ref told) > 0, "to be told that there is another primary");
    }

    [Fact]
    public async Task Sentinel_that_is_not_there_yet_is_asked_again()
    {
        await using var primary = await RedisServer.StartAsync();
        await using var sentinel = await StartSentinelAsync(primary);
        await sentinel.KillAsync();
        await using var store = new RedisStore(
            new SharedCacheOptions { Type = SharedCacheType.Redis, Addresses = [sentinel.Address], Sentinel = "tier" },
            TimeProvider.System);
        await RedisTroubleTests.FailsAsync(store, "pslice:a");

        await sentinel.StartAgainAsync();
        await RedisTroubleTests.WorksAsync(store, "pslice:a");
    }

    private static Task<string> LoggedInAsync(RedisServer server, params string[] arguments) =>
        server.CliAsync(["--pass", "secret", "--no-auth-warning", .. arguments]);

    private static Task<RedisServer> StartSentinelAsync(RedisServer primary) => RedisServer.StartAsync(
        $"""
        sentinel monitor tier 127.0.0.1 {primary.Port} 1
        sentinel down-after-milliseconds tier 300
        sentinel failover-timeout tier 2000
        sentinel auth-pass tier secret
        """,
        isSentinel: true);
}
