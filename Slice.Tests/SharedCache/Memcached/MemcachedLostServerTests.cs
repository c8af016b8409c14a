using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>
/// A fleet with one of its servers away, or with other limits than its instances: what is shared, and what an operator reads.
/// </summary>
public sealed class MemcachedLostServerTests : IAsyncDisposable
{
    private const int Objects = 60;

    private readonly RangeFile _file = new(4) { ExtraFields = ["Cache-Control: max-age=600"] };
    private readonly ScriptedOrigin _origin;

    public MemcachedLostServerTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    // With a server for each of record and counters it would be seven of ten.
    [Fact]
    public async Task One_server_of_three_that_is_away_takes_the_objects_that_belong_there_and_no_others()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => MemcachedServer.StartAsync()));
        await using var fleet = await StartAsync(servers);
        var ring = new KetamaRing([.. servers.Select(server => new HostAndPort("127.0.0.1", server.Port))]);
        var names = fleet[0].Composition.Tier!.Names;

        // What the instances tell each other goes on.
        int away = Enumerable.Range(0, 3).First(server => server != ring.ServerOf(names.News) && server != ring.ServerOf(names.Purges));
        var of = Enumerable.Range(0, 10 * Objects).Select(static index => $"/file{index}")
            .ToLookup(target => ring.ServerOf(PlaceOf(names.ObjectOf(StoredObjects.Key(target).Bytes))) == away);

        // Those that are lost one after the other.
        const int lost = Objects / 3;
        string[] targets = [.. of[true].Take(lost), .. of[false].Take(Objects - lost)];
        Assert.Equal(Objects, targets.Length);
        await GetAllAsync(fleet[0], targets);
        await Eventually.TrueAsync(() => Count(fleet[0], reads: false, "written") == Objects, "the objects are there");
        await servers[away].DisposeAsync();
        await HeardAsync(fleet, $"shared_cache_server_down a server of the shared cache is away; what belongs there is not shared: {
            servers[away].Authority} connection refused: nobody listens there");
        Assert.Equal(1, await fleet[1].MetricAsync("shared_cache_servers_down"));

        await GetAllAsync(fleet[1], targets);

        Assert.Equal(
            $"error {lost}, hit {Objects - lost}",
            string.Join(", ", fleet[1].Composition.Tier!.Meter.Reads.Read().Select(static one => $"{one.Key} {one.Value}")));
        Assert.Equal(TierState.Up, fleet[1].Composition.Tier!.State);

        await using var again = await MemcachedServer.StartAtAsync(servers[away].Port);
        await HeardAsync(fleet, $"shared_cache_server_up a server of the shared cache is there again: {servers[away].Authority}");
        Assert.Equal(0, await fleet[1].MetricAsync("shared_cache_servers_down"));

        // Nobody has refused anything.
        Assert.All([fleet[0], fleet[1]], one => Assert.DoesNotContain(
            one.Log,
            static line => line.Contains("shared_cache_refuses", StringComparison.Ordinal)
                || line.Contains("shared_cache_reads_fail", StringComparison.Ordinal)));
        await servers[(away + 1) % 3].DisposeAsync();
        await servers[(away + 2) % 3].DisposeAsync();
    }

    [Fact]
    public async Task Slices_that_are_longer_than_an_instance_reads_are_said_in_its_log()
    {
        await using var server = await MemcachedServer.StartAsync("-I", "2m");
        _file.LengthBytes = 8 << 20;
        int itemSize = 2 << 20;
        await using var fleet = await Fleet.StartAsync(
            _origin.Uri,
            2,
            () => Open([server.Authority], Interlocked.Exchange(ref itemSize, 1 << 20)),
            static options => options with { SliceSizeBytes = 1 << 20 });
        await fleet[0].GetAsync("/file");
        await Eventually.TrueAsync(() => Count(fleet[0], reads: false, "written") == 9, "slices and head are there");

        var answer = await fleet[1].GetAsync("/file");

        Assert.Equal(200, answer.StatusCode);
        string line = Assert.Single(
            fleet[1].Log, static line => line.Contains("shared_cache_reads_fail", StringComparison.Ordinal));
        Assert.Matches(
            $"^Warning shared_cache_reads_fail .*each instance asks the origin for it: memcached {server.Authority} memcached {
                server.Authority}: .*a value of 10[0-9]{{5}} bytes, more than the 1048576",
            line);
    }

    private static ReadOnlySpan<char> PlaceOf(string name) => name.AsSpan(name.IndexOf('{', StringComparison.Ordinal) + 1, 32);

    private static async Task GetAllAsync(ProxyUnderTest proxy, string[] targets)
    {
        foreach (string target in targets)
        {
            Assert.Equal(200, (await proxy.GetAsync(target)).StatusCode);
        }
    }

    private static Task HeardAsync(Fleet fleet, string words) => Eventually.TrueAsync(
        () => Enumerable.Range(0, fleet.Count).All(
            index => fleet[index].Log.Count(line => line.EndsWith(words, StringComparison.Ordinal)) == 1),
        () => words + string.Concat(fleet[0].Log.Select(static line => "\n" + line)));

    private static long Count(ProxyUnderTest proxy, bool reads, string result)
    {
        var meter = proxy.Composition.Tier!.Meter;
        return (reads ? meter.Reads : meter.Writes).Read().FirstOrDefault(one => one.Key == result).Value;
    }

    private static MemcachedStore Open(string[] addresses, int itemSizeBytes) => new(
        new SharedCacheOptions
        {
            Type = SharedCacheType.Memcached,
            Addresses = addresses,
            ItemSizeBytes = itemSizeBytes,
            Timeout = TimeSpan.FromSeconds(5),
        },
        TimeProvider.System);

    private Task<Fleet> StartAsync(MemcachedServer[] servers) => Fleet.StartAsync(
        _origin.Uri,
        2,
        () => Open([.. servers.Select(static server => server.Authority)], 1 << 20),
        static options => options with { SharedCache = options.SharedCache with { Timeout = TimeSpan.FromSeconds(5) } });
}
