using System.Text;
using Slice.Core.Caching;

namespace Slice.Tests.Caching;

/// <summary>Cache-Status (RFC 9211) and X-Cache (B30).</summary>
public sealed class CacheStatusTests
{
    [Fact]
    [Trait("Behaviour", "B30")]
    public void Members_say_what_happened()
    {
        Check("HIT", "pingora-slice; hit; ttl=7; slices=\"3/3\"", new CacheStatus { Hits = 3, Slices = 3 });
        Check(
            "PARTIAL",
            "pingora-slice; fwd=partial; ttl=7; stored; slices=\"1/3\"",
            new CacheStatus { Hits = 1, Slices = 3, IsStored = true });
        Check("MISS", "pingora-slice; fwd=miss; ttl=7; slices=\"0/3\"", new CacheStatus { Slices = 3 });
        Check(
            "MISS",
            "pingora-slice; fwd=uri-miss; fwd-status=206; ttl=7; stored; collapsed; slices=\"0/1\"",
            new CacheStatus { Forward = ForwardReason.UriMiss, ForwardStatus = 206, IsStored = true, IsCollapsed = true, Slices = 1 });
        Check(
            "HIT",
            "pingora-slice; fwd=stale; fwd-status=304; ttl=7; slices=\"2/2\"",
            new CacheStatus { Forward = ForwardReason.Stale, ForwardStatus = 304, WasRevalidated = true, Hits = 2, Slices = 2 });
        Check("STALE", "pingora-slice; hit; ttl=7; slices=\"2/2\"", new CacheStatus { IsStale = true, Hits = 2, Slices = 2 });
        Check("BYPASS", "pingora-slice; fwd=method; ttl=7", new CacheStatus { Forward = ForwardReason.Method });
    }

    [Fact]
    [Trait("Behaviour", "B30")]
    public void Longest_value_fits()
    {
        var status = new CacheStatus
        {
            Forward = ForwardReason.VaryMiss,
            ForwardStatus = int.MinValue,
            IsStored = true,
            IsCollapsed = true,
            Hits = int.MinValue,
            Slices = int.MaxValue,
        };
        Assert.InRange(status.Write(new byte[CacheStatus.MaxBytes], long.MinValue), 100, CacheStatus.MaxBytes);
    }

    private static void Check(string xCache, string cacheStatus, CacheStatus status)
    {
        byte[] buffer = new byte[CacheStatus.MaxBytes];
        Assert.Equal(cacheStatus, Encoding.ASCII.GetString(buffer, 0, status.Write(buffer, timeToLiveSeconds: 7)));
        Assert.Equal(xCache, Encoding.ASCII.GetString(CacheStatus.XCacheOf(status.Result)));
    }
}
