using System.Globalization;
using Slice.Tests.Fuzzing;
using Slice.Tests.SharedCache.Chaos;

namespace Slice.Tests.SharedCache;

/// <summary>
/// A fleet whose objects change and are purged while instances and servers are killed: no client sees an error that the origin did not
/// cause, a byte of another version, or an old version beyond the bound (<see cref="FleetLedger"/>). <c>SLICE_CHAOS_SECONDS</c> makes each
/// run longer, and <c>SLICE_FUZZ_SEED</c> repeats its choices.
/// </summary>
public sealed class FleetChaosTests
{
    private static readonly double s_seconds =
        double.Parse(Environment.GetEnvironmentVariable("SLICE_CHAOS_SECONDS") ?? "15", CultureInfo.InvariantCulture);

    // What a machine may add that is busy with other tests.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(1);

    [Fact]
    public Task Fleet_over_redis_serves_no_old_version_beyond_the_bound() => RunAsync(RedisFleetServers.StartAsync());

    [Fact]
    public Task Fleet_over_a_cluster_serves_no_old_version_beyond_the_bound() => RunAsync(RedisFleetServers.StartClusterAsync());

    [Fact]
    public Task Fleet_over_memcached_serves_no_old_version_beyond_the_bound() => RunAsync(MemcachedFleetServers.StartAsync());

    [Fact]
    public Task Fleet_over_a_directory_serves_no_old_version_beyond_the_bound() =>
        RunAsync(Task.FromResult<IFleetServers>(new DirectoryFleetServers()));

    private static async Task RunAsync(Task<IFleetServers> starting)
    {
        // A fixed seed in one run and a new one in the next would need twice the time: a new one finds more.
        ulong seed = FuzzRun.Seeds()[^1];
        await using var run = new FleetRun(seed, await starting, s_margin);
        try
        {
            await run.RunAsync(TimeSpan.FromSeconds(s_seconds));
        }
        finally
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"SLICE_FUZZ_SEED={seed}: {run.Summary}");
        }
    }
}
