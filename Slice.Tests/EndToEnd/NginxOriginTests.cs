using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The product as a process before a real nginx: large files come out byte by byte, cold, warm and in parts.</summary>
public sealed class NginxOriginTests
{
    private const long MiB = 1L << 20;
    private const string FileName = "object.bin";

    // A cold 5 GiB download on a busy machine of two cores takes some 30 s.
    private static readonly TimeSpan s_largeDownload = TimeSpan.FromMinutes(4);

    private static Task<ProductProcess> StartProductAsync(NginxServer origin, string cacheSize) => ProductProcess.StartAsync($$$"""
        listen_address: 127.0.0.1:{{port}}
        metrics_endpoint:
          address: 127.0.0.1:{{metrics_port}}
        upstream_address: {{{origin.Authority}}}
        slice_size: 1MiB
        hedging: false
        slice_patterns: ["^/"]
        enable_l2_cache: true
        l2_cache_dir: {{dir}}/cache
        cache_size: {{{cacheSize}}}
        """);

    private static async Task DownloadAsync(ProductProcess product, ContentFill content, long start, long end, params string[] fields)
    {
        using var sink = new VerifyingSink(content, start);
        await RawClient.GetVerifiedAsync(product.EndPoint, "/" + FileName, sink, s_largeDownload, fields);
        Assert.Equal(end, sink.Position);
    }

    // nginx writes its log line after the last byte of the answer, so the client may be earlier.
    private static Task RequestsLoggedAsync(NginxServer origin, int count) => Eventually.TrueAsync(
        () => origin.ReadAccessLog().Count >= count, () => $"{count} requests in nginx's log, there are {origin.ReadAccessLog().Count}");

    [Fact]
    public async Task Object_of_256_MiB_comes_cold_and_warm_and_costs_the_origin_one_request_per_slice()
    {
        const long length = 256 * MiB;
        using var files = new TestDirectory("www");
        TestFiles.WriteContent(files.Combine(FileName), length, seed: 1);
        await using var origin = await NginxServer.StartStaticAsync(files.Path);
        await using var product = await StartProductAsync(origin, "1GiB");

        await DownloadAsync(product, TestContent.Version(1), 0, length);
        await DownloadAsync(product, TestContent.Version(1), 0, length);

        await RequestsLoggedAsync(origin, 256);
        var requests = origin.ReadAccessLog();
        Assert.Equal(256, requests.Count);
        Assert.Equal(length, requests.Sum(request => request.BodyBytes));
        Assert.Equal(256, requests.Select(request => request.Range).Distinct().Count());
        Assert.All(requests, request => Assert.Equal(206, request.Status));
    }

    [Fact]
    public async Task Cold_ranges_across_slice_boundaries_fetch_only_the_slices_they_touch()
    {
        const long length = 32 * MiB;
        using var files = new TestDirectory("www");
        TestFiles.WriteContent(files.Combine(FileName), length, seed: 2);
        await using var origin = await NginxServer.StartStaticAsync(files.Path);
        await using var product = await StartProductAsync(origin, "256MiB");

        await DownloadAsync(product, TestContent.Version(2), MiB - 1, MiB + 1, $"Range: bytes={MiB - 1}-{MiB}");
        await DownloadAsync(
            product, TestContent.Version(2), (4 * MiB) - 10, (7 * MiB) + 10, $"Range: bytes={(4 * MiB) - 10}-{(7 * MiB) + 9}");
        await DownloadAsync(product, TestContent.Version(2), length - 5, length, "Range: bytes=-5");

        int[] slices = [0, 1, 3, 4, 5, 6, 7, 31];
        await RequestsLoggedAsync(origin, slices.Length);
        Assert.Equal(
            slices.Select(slice => $"bytes={slice * MiB}-{((slice + 1) * MiB) - 1}").Order(StringComparer.Ordinal),
            origin.ReadAccessLog().Select(request => request.Range).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Object_of_5_GiB_comes_cold_and_warm_and_in_ranges_beyond_32_bits()
    {
        using var files = new TestDirectory("www");
        SparseFile file = SparseFile.CreateFiveGiB(files.Combine(FileName), seed: 3);
        await using var origin = await NginxServer.StartStaticAsync(files.Path);
        await using var product = await StartProductAsync(origin, "6GiB");
        const long boundary = 4L << 30;

        // The range first, so that it is cold.
        await DownloadAsync(product, file.Fill, boundary - 7, boundary + MiB + 7, $"Range: bytes={boundary - 7}-{boundary + MiB + 6}");
        await RequestsLoggedAsync(origin, 3);
        Assert.Equal(3, origin.ReadAccessLog().Count);

        await DownloadAsync(product, file.Fill, 0, file.LengthBytes);
        int slices = (int)((file.LengthBytes + MiB - 1) / MiB);
        await RequestsLoggedAsync(origin, slices);

        await DownloadAsync(product, file.Fill, 0, file.LengthBytes);
        await DownloadAsync(product, file.Fill, file.LengthBytes - 20_000, file.LengthBytes, "Range: bytes=-20000");
        await DownloadAsync(product, file.Fill, (2L << 30) - 1, (2L << 30) + 1, $"Range: bytes={(2L << 30) - 1}-{2L << 30}");
        Assert.Equal(slices, origin.ReadAccessLog().Count);
        Assert.Equal(file.LengthBytes, origin.ReadAccessLog().Sum(request => request.BodyBytes));
    }
}
