using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// apt-get updates and downloads through the product, as its mirror and as its proxy, from a repository on nginx that changes meanwhile.
/// </summary>
public sealed class AptTests : IAsyncLifetime
{
    private const int SliceBytes = 64 << 10;
    private const int PayloadBytes = (20 * SliceBytes) + 77;

    private readonly TestDirectory _served = new("repository");
    private readonly TestDirectory _client = new("apt");
    private NginxServer? _origin;
    private ProductProcess? _product;

    private DebianRepository Repository => new(_served.Path);

    public async ValueTask InitializeAsync()
    {
        // As repositories are served: indexes are asked about every time, packages never change.
        _origin = await NginxServer.StartStaticAsync(_served.Path, """
            location / { add_header Cache-Control no-cache; }
            location ~ \.deb$ { add_header Cache-Control max-age=86400; }
            """);
        _product = await ProductProcess.StartAsync($$$"""
            listen_address: 127.0.0.1:{{port}}
            metrics_endpoint:
              address: 127.0.0.1:{{metrics_port}}
            upstream_address: {{{_origin.Authority}}}
            slice_size: {{{SliceBytes}}}
            """);
        Directory.CreateDirectory(_client.Combine("state"));
        Directory.CreateDirectory(_client.Combine("cache"));
        await File.WriteAllTextAsync(_client.Combine("status"), "", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_product?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _served.Dispose();
        _client.Dispose();
    }

    [Fact]
    [Trait("Behaviour", "B28")]
    public async Task Update_and_download_see_the_repository_as_it_is_now()
    {
        string first = await Repository.PublishAsync(1, PayloadBytes);
        await UseSourceAsync($"http://{_product!.EndPoint}/");
        await UpdateAsync("false");
        await AssertDownloadsAsync(first, "false");
        await AssertSlicesOnceAsync(first);

        // Again, from the cache: apt has no copy of the package left, and nginx is not asked for it.
        await AssertDownloadsAsync(first, "false");
        await AssertSlicesOnceAsync(first);

        string second = await Repository.PublishAsync(2, PayloadBytes + SliceBytes);
        await UpdateAsync("false");
        await AssertDownloadsAsync(second, "false");
        await AssertSlicesOnceAsync(second);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B36")]
    public async Task Proxy_of_apt_answers_with_the_configured_origin_whatever_host_is_named(bool isNamedAsConfigured)
    {
        string package = await Repository.PublishAsync(1, PayloadBytes);
        await UseSourceAsync(isNamedAsConfigured ? $"http://{_origin!.Authority}/" : "http://mirror.example.invalid/");
        await UpdateAsync($"http://{_product!.EndPoint}/");
        await AssertDownloadsAsync(package, $"http://{_product.EndPoint}/");
        await AssertSlicesOnceAsync(package);
    }

    private async Task UseSourceAsync(string url)
        => await File.WriteAllTextAsync(
            _client.Combine("sources.list"), $"deb [trusted=yes] {url} ./\n", TestContext.Current.CancellationToken);

    private async Task UpdateAsync(string proxy)
    {
        // apt-get update ends with 0 on failures that it calls transient; a line of its own tells.
        string output = await RunAsync(_client.Path, proxy, "update");
        Assert.DoesNotContain("Err:", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Failed", output, StringComparison.Ordinal);
    }

    private async Task AssertDownloadsAsync(string package, string proxy)
    {
        using var destination = new TestDirectory("download");
        await RunAsync(destination.Path, proxy, "download", DebianRepository.PackageName);
        string file = Assert.Single(Directory.GetFiles(destination.Path));
        Assert.Equal(Path.GetFileName(package), Path.GetFileName(file));
        Assert.Equal(
            await File.ReadAllBytesAsync(package, TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
    }

    // apt asks for /./name, as the index has it, and that is what reaches the origin.
    private async Task AssertSlicesOnceAsync(string package)
    {
        int slices = (int)((new FileInfo(package).Length + SliceBytes - 1) / SliceBytes);
        string[] Ranges() => [.. _origin!.ReadAccessLog()
            .Where(request => request.Target.EndsWith("/" + Path.GetFileName(package), StringComparison.Ordinal))
            .Select(request => request.Range)];
        await Eventually.TrueAsync(
            () => Ranges().Length >= slices, () => $"{slices} slices asked for, not:\n{string.Join('\n', _origin!.ReadAccessLog())}");
        Assert.Equal(slices, Ranges().Length);
        Assert.Distinct(Ranges());
        Assert.DoesNotContain("-", Ranges());
    }

    // A world of apt's own: nothing of this machine's sources, lists, proxies or packages is read or written.
    private async Task<string> RunAsync(string workingDirectory, string proxy, params string[] command)
    {
        string[] settings =
        [
            $"Dir::State={_client.Combine("state")}",
            $"Dir::State::status={_client.Combine("status")}",
            $"Dir::Cache={_client.Combine("cache")}",
            $"Dir::Etc::sourcelist={_client.Combine("sources.list")}",
            "Dir::Etc::sourceparts=/dev/null",
            "Dir::Etc::preferencesparts=/dev/null",
            $"Acquire::http::Proxy={proxy}",
            "Acquire::Languages=none",
            "Acquire::Retries=0",
            "APT::Sandbox::User=root",
        ];
        using ChildProcess process = ChildProcess.Start(
            "apt-get",
            [.. settings.SelectMany(setting => (string[])["-o", setting]), .. command],
            "These tests run Debian's apt-get.",
            workingDirectory,
            new Dictionary<string, string> { ["http_proxy"] = "", ["no_proxy"] = "", ["LC_ALL"] = "C" });
        int exitCode = await process.ExitedAsync();
        Assert.True(
            exitCode == 0,
            string.Create(
                CultureInfo.InvariantCulture, $"apt-get {string.Join(' ', command)} ended with exit code {exitCode}:\n{process.Output}"));
        return process.Output;
    }
}
