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

        // Would compress whatever it is asked to, so that a slice that is not asked for as it is would come out wrong.
        _origin = await NginxServer.StartStaticAsync(_served.Path, "gzip on; gzip_types *; gzip_proxied any; gzip_min_length 1;");
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
            "aria2c", "-x8", "-s8", "-k1M", "--quiet", "--no-conf", "--allow-overwrite=true", "--file-allocation=none",
            "-d", _downloads.Path, "-o", "all", Url);
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
        await Eventually.TrueAsync(
            () => _origin!.ReadAccessLog().Count == 68, () => $"68 slices asked for, not {_origin!.ReadAccessLog().Count}");
        Assert.DoesNotContain(_origin!.ReadAccessLog(), request => request.Range == "bytes=0-65535");
    }

    [Fact]
    [Trait("Behaviour", "B2")]
    public async Task Curl_C_resumes_where_a_download_was_cut()
    {
        string file = _downloads.Combine("object.bin");
        await File.WriteAllBytesAsync(file, TestContent.Bytes(0, (50 * SliceBytes) - 1, seed: 4), TestContext.Current.CancellationToken);
        string code = await RunAsync("curl", "-sS", "--fail", "-w", "%{http_code}", "-C", "-", "-o", file, Url);
        Assert.Equal("206", code);
        AssertIs(file, 0, LengthBytes);
        await Eventually.TrueAsync(
            () => _origin!.ReadAccessLog().Count == 52, () => $"52 slices asked for, not {_origin!.ReadAccessLog().Count}");
    }

    [Fact]
    public async Task Curl_compressed_gets_the_bytes_as_they_are()
    {
        string head = _downloads.Combine("head");
        foreach (string name in (string[])["cold", "warm"])
        {
            await RunAsync("curl", "-sS", "--fail", "--compressed", "-D", head, "-o", _downloads.Combine(name), Url);
            AssertIs(_downloads.Combine(name), 0, LengthBytes);
            Assert.DoesNotContain(
                "Content-Encoding",
                await File.ReadAllTextAsync(head, TestContext.Current.CancellationToken),
                StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    [Trait("Behaviour", "B11")]
    public async Task Curl_z_downloads_only_what_is_newer_than_its_file()
    {
        string file = _downloads.Combine("object.bin");
        Assert.Equal("200", await RunAsync("curl", "-sS", "--fail", "-R", "-w", "%{http_code}", "-o", file, Url));
        AssertIs(file, 0, LengthBytes);

        string again = _downloads.Combine("again");
        Assert.Equal("304 0", await RunAsync("curl", "-sS", "--fail", "-z", file, "-w", "%{http_code} %{size_download}", "-o", again, Url));
        File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddDays(-1));
        Assert.Equal("200", await RunAsync("curl", "-sS", "--fail", "-z", file, "-w", "%{http_code}", "-o", again, Url));
        AssertIs(again, 0, LengthBytes);
    }

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Curl_parallel_downloads_of_a_cold_object_cost_the_origin_every_slice_once()
    {
        string[] names = [.. Enumerable.Range(0, 8).Select(index => string.Create(CultureInfo.InvariantCulture, $"copy{index}"))];
        await RunAsync(
            "curl",
            [
                "-sS", "--fail", "--parallel", "--parallel-immediate", "--parallel-max", "8",
                .. names.SelectMany(name => (string[])["-o", _downloads.Combine(name), Url]),
            ]);
        Assert.All(names, name => AssertIs(_downloads.Combine(name), 0, LengthBytes));
        await Eventually.TrueAsync(
            () => _origin!.ReadAccessLog().Count >= 101, () => $"101 slices asked for, not {_origin!.ReadAccessLog().Count}");
        Assert.Equal(101, _origin!.ReadAccessLog().Count);
    }

    // The ranges that zsync wants come as one multipart body, which it reads only when that begins with an empty line.
    [Fact]
    [Trait("Behaviour", "B7")]
    public async Task Zsync_updates_an_old_copy_by_the_parts_that_changed()
    {
        await RunAsync("zsyncmake", "-u", "object.bin", "-o", _served.Combine("object.zsync"), _served.Combine("object.bin"));
        byte[] old = TestContent.Bytes(0, (int)LengthBytes, seed: 4);
        foreach (int slice in (int[])[7, 31, 64, 99])
        {
            old.AsSpan((slice * SliceBytes) - 1500, 3000).Clear();
        }

        string copy = _downloads.Combine("old");
        await File.WriteAllBytesAsync(copy, old, TestContext.Current.CancellationToken);
        string url = Url.Replace("object.bin", "object.zsync", StringComparison.Ordinal);
        await RunAsync("zsync", "-q", "-i", copy, "-o", _downloads.Combine("new"), url);

        AssertIs(_downloads.Combine("new"), 0, LengthBytes);
        Assert.InRange(_origin!.ReadAccessLog().Count, 5, 20);
    }

    // The tool's standard output; the test fails with all of it when the tool does.
    private static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        using ChildProcess process = ChildProcess.Start(
            tool, arguments, $"Install Debian's package of {tool}, or run test.sh, which does.");
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
