using Slice.Core.Options;
using Slice.Net.SharedCache.Memcached;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Consistent hashing as libmemcached has it.</summary>
public sealed class KetamaRingTests
{
    private static readonly string[] s_keys =
    [
        "VDEAAAAA", "a", "b", "pslice:o:1", "pslice:o:2", "pslice:s:0123456789abcdef:0", "pslice:s:0123456789abcdef:1",
        "pslice:s:0123456789abcdef:2/0", "pslice:s:0123456789abcdef:2/1", "key", "KEY", "hedgehog",
    ];

    // What memcached_generate_hash of libmemcached 1.1.4 (Debian's libmemcached11) returns for these keys with
    // MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, after memcached_server_add of each server.
    [Theory]
    [InlineData("10.0.1.1:11211,10.0.1.2:11211,10.0.1.3:11211", "2 2 1 1 0 0 0 1 0 0 0 2")]
    [InlineData("10.0.1.1,10.0.1.2,10.0.1.3", "2 2 1 1 0 0 0 1 0 0 0 2")]
    [InlineData("cache-a.example:11211,cache-b.example:11212", "1 1 1 1 1 1 0 0 0 0 0 1")]
    [InlineData("[::1]:11211,[fd00::2]:11211,10.0.0.3:11300", "2 2 1 2 0 1 0 1 2 1 2 1")]
    public void Keys_are_where_libmemcached_looks_for_them(string servers, string expected)
    {
        var ring = new KetamaRing(Parse(servers.Split(',')));
        Assert.Equal(expected, string.Join(' ', s_keys.Select(key => ring.ServerOf(key))));
        Assert.Equal(160 * servers.Split(',').Length, ring.PointCount);
    }

    // 25 is a number of servers for which libmemcached's floats lose four points of each; its answers, as above.
    [Fact]
    public void Number_of_points_is_rounded_as_libmemcached_rounds()
    {
        var ring = new KetamaRing(Servers(25, net: 2));

        Assert.Equal(156 * 25, ring.PointCount);
        Assert.Equal("22 1 20 15 20 4 21 15 7 21 3 1", string.Join(' ', s_keys.Select(key => ring.ServerOf(key))));
        Assert.Equal(21, ring.ServerOf("k179"));
        Assert.Equal(15, ring.ServerOf("k245"));
        Assert.Equal(18, ring.ServerOf("k292"));
    }

    // "VDEAAAAA hashes to fffcd1b5, after the last continuum point" is a comment in libmemcached's tests (ketama.cpp).
    [Fact]
    public void Key_beyond_the_last_point_is_at_the_first()
    {
        var ring = new KetamaRing(Servers(8));

        Assert.Equal(ring.ServerAt(0xfffcd1b5), ring.ServerOf("VDEAAAAA"));
        Assert.Equal(ring.ServerAt(0), ring.ServerOf("VDEAAAAA"));
        Assert.Equal(ring.ServerAt(0), ring.ServerAt(uint.MaxValue));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    public void Every_server_has_about_its_share_of_the_keys(int servers)
    {
        const int Keys = 60_000;
        var ring = new KetamaRing(Servers(servers));
        int[] counts = new int[servers];
        for (int key = 0; key < Keys; key++)
        {
            counts[ring.ServerOf($"pslice:s:{key}")]++;
        }

        // With 160 points the share varies by 1/√160 = 8 %; three times as much is a bound that would show a wrong circle.
        Assert.All(counts, count => Assert.InRange(count, 0.75 * Keys / servers, 1.25 * Keys / servers));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Server_that_goes_moves_its_own_keys_alone(int servers)
    {
        const int Keys = 20_000;
        var before = new KetamaRing(Servers(servers));
        var after = new KetamaRing(Servers(servers - 1));
        int moved = 0;
        for (int key = 0; key < Keys; key++)
        {
            int server = before.ServerOf($"pslice:s:{key}");
            moved += server == servers - 1 ? 1 : 0;
            Assert.True(server == servers - 1 || after.ServerOf($"pslice:s:{key}") == server, $"key {key} has moved from {server}");
        }

        Assert.InRange(moved, 0.75 * Keys / servers, 1.25 * Keys / servers);
    }

    private static HostAndPort[] Servers(int count, int net = 1) =>
        Parse([.. Enumerable.Range(1, count).Select(index => $"10.0.{net}.{index}:11211")]);

    private static HostAndPort[] Parse(string[] servers) =>
    [
        .. servers.Select(server =>
        {
            Assert.Null(HostAndPort.Parse(server, out var address));
            return address;
        }),
    ];
}
