using System.Globalization;
using Slice.Core.Options;
using Slice.Core.SharedCache;
using Slice.Net.SharedCache.Memcached;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>What every store does, over three servers.</summary>
public sealed class MemcachedServersTests(MemcachedFixture servers) : KeyValueStoreContract, IClassFixture<MemcachedFixture>
{
    // What is in the first braces says where a key is; where nothing is in them, all of the key does.
    [Theory]
    [InlineData("{N}:o", "N")]
    [InlineData("r:{N}", "N")]
    [InlineData("c:{N}:{x}", "N")]
    [InlineData("{}{N}", "{}{N}")]
    [InlineData("o:{N", "o:{N")]
    [InlineData("o:}N", "o:}N")]
    public async Task Key_is_at_the_server_of_what_stands_in_its_braces(string key, string place)
    {
        await using var all = Open();
        var ring = new KetamaRing([.. servers.Addresses.Select(Parse)]);
        var ct = TestContext.Current.CancellationToken;
        for (int number = 0; number < 20; number++)
        {
            string name = With(key, number);
            await all.SetAsync(name, new byte[10], TimeSpan.FromMinutes(1), ct);
            string at = servers.Addresses[ring.ServerOf(With(place, number))];
            await using var one = OpenAt(at);
            using var found = await one.GetAsync(name, ct);
            Assert.NotNull(found);
        }
    }

    /// <inheritdoc/>
    protected override IKeyValueStore Open() => OpenAt([.. servers.Addresses]);

    /// <inheritdoc/>
    protected override Task StartAsync() => Task.CompletedTask;

    private static MemcachedStore OpenAt(params string[] addresses) => new(
        new SharedCacheOptions { Type = SharedCacheType.Memcached, Addresses = addresses }, TimeProvider.System);

    private static string With(string pattern, int number) =>
        pattern.Replace("N", number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private static HostAndPort Parse(string address)
    {
        Assert.Null(HostAndPort.Parse(address, out var parsed));
        return parsed;
    }
}
