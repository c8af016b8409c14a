using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>The three downloads that every origin must stand: cold, warm and resumed, whole and in slices.</summary>
internal static class Downloads
{
    /// <summary>The least slice that an operator can set.</summary>
    public const int SliceBytes = 64 << 10;

    /// <summary>The version of <see cref="TestContent"/> that the objects have.</summary>
    public const int Seed = 14;

    private const int Length = OriginFiles.LengthBytes;

    /// <summary>
    /// The proxy before <paramref name="origin"/>. Either every path is sliced, or none; answers are kept for an hour in both cases.
    /// </summary>
    public static Task<ProxyUnderTest> StartProxyAsync(
        RealServer origin, bool isSliced, Func<SliceOptions, SliceOptions>? configure = null)
        => ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, options =>
        {
            options = options with
            {
                SlicePatterns = [isSliced ? "^/" : "^/nothing-here/"],
                CacheRules = [new CacheRule { Path = @"\.(bin|gz)$", Ttl = TimeSpan.FromHours(1) }],
            };
            return configure?.Invoke(options) ?? options;
        });

    /// <summary>
    /// One object cold and warm, the other in a middle range and then what is before and behind it, and whole. Where ranges are not
    /// <paramref name="understood"/>, because the origin has none and the path is not sliced, the first range is answered with the whole
    /// object, as it would be without us. Returns the first answer.
    /// </summary>
    public static async Task<RawResponse> AssertExactAsync(ProxyUnderTest proxy, OriginFiles files, bool understood = true)
    {
        RawResponse cold = await GetAsync(proxy, files.First, 0, Length, 200);
        RawResponse warm = await GetAsync(proxy, files.First, 0, Length, 200);
        Assert.Equal(("MISS", "HIT"), (cold.Field("X-Cache"), warm.Field("X-Cache")));

        const int from = SliceBytes + 1000;
        const int to = (3 * SliceBytes) + 5;
        if (!understood)
        {
            await GetAsync(proxy, files.Second, 0, Length, 200, $"Range: bytes={from}-{to - 1}");
            await GetAsync(proxy, files.Second, 0, Length, 200);
        }

        await GetAsync(proxy, files.Second, from, to, 206, $"Range: bytes={from}-{to - 1}");
        await GetAsync(proxy, files.Second, to, Length, 206, $"Range: bytes={to}-");
        await GetAsync(proxy, files.Second, 0, from, 206, $"Range: bytes=0-{from - 1}");
        await GetAsync(proxy, files.Second, 0, Length, 200);
        await GetAsync(proxy, files.Second, Length - 9, Length, 206, "Range: bytes=-9");
        Assert.Equal(0, await proxy.MetricAsync("failed_subrequests_total"));
        return cold;
    }

    private static async Task<RawResponse> GetAsync(
        ProxyUnderTest proxy, string target, int from, int to, int status, params string[] fields)
    {
        using var sink = new VerifyingSink(TestContent.Version(Seed), from);
        RawResponse response = await RawClient.GetVerifiedAsync(proxy.EndPoint, target, sink, Deadline.Default, fields);
        Assert.Equal((status, to), (response.StatusCode, (int)sink.Position));
        Assert.Equal(status == 206 ? $"bytes {from}-{to - 1}/{Length}" : null, response.Field("Content-Range"));
        return response;
    }
}
