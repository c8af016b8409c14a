using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The download tools that people use get the right bytes through the product, in the ways they ask for them.</summary>
public sealed class DownloadToolsTests : IAsyncLifetime
{
    private const int SliceBytes = 64 << 10;
    private const long LengthBytes = (100L * SliceBytes) + 321;

    private readonly TestDirectory _served = new("www");
    private readonly TestDirectory _downloads = new("downloads");
    private NginxServer? _origin;
    private ProductProcess? _product;

    private string Url => $"http://{_product!.EndPoint}/object.bin";

    public async ValueTask InitializeAsync()
    {
        TestFiles.WriteContent(_served.Combine("object.bin"), LengthBytes, seed: 4);
        _origin = await NginxServer.StartStaticAsync(_served.Path);
        _product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{_origin.Authority}}}
            slice_size: {{{SliceBytes}}}
            """);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_product?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _served.Dispose();
        _downloads.Dispose();
    }

    [Fact]
    public async Task Curl_downloads_cold_and_warm()
    {
        await RunAsync("curl", "-sS", "--fail", "-o", _downloads.Combine("cold"), Url);
        await RunAsync("curl", "-sS", "--fail", "-o", _downloads.Combine("warm"), Url);
        AssertIs(_downloads.Combine("cold"), 0, LengthBytes);
        AssertIs(_downloads.Combine("warm"), 0, LengthBytes);
    }

    [Fact]
    public async Task Curl_r_gets_a_range_across_a_boundary()
    {
        const long first = (7 * SliceBytes) - 3;
        const long last = (9 * SliceBytes) + 2;
        string range = string.Create(CultureInfo.InvariantCulture, $"{first}-{last}");
        string code = await RunAsync("curl", "-sS", "--fail", "-w", "%{http_code}", "-r", range, "-o", _downloads.Combine("part"), Url);
        Assert.Equal("206", code);
        AssertIs(_downloads.Combine("part"), first, last + 1);
    }

    [Fact]
    public async Task Aria2c_downloads_over_eight_connections_at_once()
    {
        await RunAsync(
            "aria2c", "-x8", "-s8", "-k1M", "--quiet", "--no-conf", "--allow-overwrite=true", "--file-allocation=none", "-d", _downloads.Path, "-o", "all", Url);
        AssertIs(_downloads.Combine("all"), 0, LengthBytes);
        Assert.Contains(_origin!.ReadAccessLog(), request => request.Range.StartsWith("bytes=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wget_c_resumes_where_a_download_was_cut()
    {
        string file = _downloads.Combine("object.bin");
        await File.WriteAllBytesAsync(file, TestContent.Bytes(0, (33 * SliceBytes) + 17, seed: 4), TestContext.Current.CancellationToken);
        await RunAsync("wget", "-q", "--no-config", "-c", "-O", file, Url);
        AssertIs(file, 0, LengthBytes);
        await Eventually.TrueAsync(() => _origin!.ReadAccessLog().Count == 68, () => $"68 slices asked for, not {_origin!.ReadAccessLog().Count}");
        Assert.DoesNotContain(_origin!.ReadAccessLog(), request => request.Range == "bytes=0-65535");
    }

    // The tool's standard output; the test fails with all of it when the tool does.
    private static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        using ChildProcess process = ChildProcess.Start(tool, arguments, $"Install Debian's package of {tool}, or run test.sh, which does.");
        int exitCode = await process.ExitedAsync();
        Assert.True(exitCode == 0, $"{tool} ended with exit code {exitCode}:\n{process.Output}");
        return process.Output.Trim();
    }

    private static void AssertIs(string path, long start, long end)
    {
        using var sink = new VerifyingSink(TestContent.Version(4), start);
        sink.Append(File.ReadAllBytes(path));
        Assert.Equal(end, sink.Position);
    }
}
