using System.Net;
using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// The configurations of docs/migrating-from-nginx-slice.md, with a real nginx and the product: what is before and what is after give the
/// same bytes, and the two ways to change over do what the page says.
/// </summary>
public sealed partial class MigrationDocumentTests : IAsyncLifetime
{
    private const int LengthBytes = (7 << 19) + 123;
    private const int PageBytes = 70_000;
    private const string OneFile = "/downloads/object.bin";

    private readonly TestDirectory _files = new("www");
    private NginxServer? _origin;

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_files.Combine("downloads"));
        TestFiles.WriteContent(_files.Combine("downloads/object.bin"), LengthBytes, seed: 1);
        TestFiles.WriteContent(_files.Combine("page"), PageBytes, seed: 2);
        _origin = await NginxServer.StartStaticAsync(_files.Path);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _files.Dispose();
    }

    [Fact]
    public async Task Configuration_before_and_after_give_the_same_bytes()
    {
        await using var before = await StartNginxAsync();
        await using var after = await StartProductAsync(_origin!.Authority);
        (string Target, string[] Fields)[] requests =
        [
            (OneFile, ["Range: bytes=1048570-2097160"]), (OneFile, []), (OneFile, []), (OneFile, ["Range: bytes=0-0"]),
            (OneFile, ["Range: bytes=-1000"]), (OneFile, ["Range: bytes=3000000-"]), (OneFile, ["Range: bytes=99999999-"]),
            ("/downloads/none", []), ("/downloads/none", []), ("/page", []), ("/page", ["Range: bytes=10-69999"]), ("/none", []),
        ];
        foreach ((string target, string[] fields) in requests)
        {
            RawResponse old = await RawClient.GetAsync(before.EndPoint, target, fields);
            RawResponse now = await RawClient.GetAsync(after.EndPoint, target, fields);

            Assert.Equal(old.StatusCode, now.StatusCode);
            Assert.Equal(ResponseEnding.Complete, now.Ending);
            if (now.StatusCode < 300)
            {
                Assert.Equal(old.Body, now.Body);
                Assert.All(
                    ["Content-Range", "Content-Length", "Content-Type", "ETag", "Last-Modified"],
                    name => Assert.Equal((name, old.Field(name)), (name, now.Field(name))));
            }
        }

        Assert.Equal(
            TestContent.Bytes(0, LengthBytes, seed: 1), (await RawClient.GetAsync(after.EndPoint, OneFile)).Body);
        Assert.Equal("HIT", (await RawClient.GetAsync(after.EndPoint, OneFile)).Field("X-Cache"));
        Assert.Equal("BYPASS", (await RawClient.GetAsync(after.EndPoint, "/page")).Field("X-Cache"));
    }

    [Fact]
    public async Task Cache_filled_from_nginx_is_used_on_when_the_origin_takes_its_place()
    {
        await using var nginx = await StartNginxAsync();
        await RawClient.GetAsync(nginx.EndPoint, OneFile);
        int requestsOfNginx = _origin!.ReadAccessLog().Count;
        await using var product = await StartProductAsync(nginx.Authority);

        Assert.Equal(
            TestContent.Bytes(0, LengthBytes, seed: 1), (await RawClient.GetAsync(product.EndPoint, OneFile)).Body);
        Assert.Equal(requestsOfNginx, _origin!.ReadAccessLog().Count);

        string configuration = Path.Combine(product.DirectoryPath, "pingora_slice.yaml");
        string text = await File.ReadAllTextAsync(configuration, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            configuration,
            text.Replace(nginx.Authority, _origin.Authority, StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        product.Signal(1);
        await product.LineAsync("event=reloaded");

        RawResponse stored = await RawClient.GetAsync(product.EndPoint, OneFile);
        Assert.Equal("HIT", stored.Field("X-Cache"));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), stored.Body);
        Assert.Equal(requestsOfNginx, _origin!.ReadAccessLog().Count);
        Assert.Equal(PageBytes, (await RawClient.GetAsync(product.EndPoint, "/page")).Body.Length);
        await Eventually.TrueAsync(
            () => _origin!.ReadAccessLog().Count == requestsOfNginx + 1, () => "the origin is asked by the product itself now");
    }

    [Fact]
    public async Task Share_of_the_files_goes_to_the_new_cache_and_every_byte_is_right()
    {
        await using var nginx = await StartNginxAsync();
        await using var product = await StartProductAsync(_origin!.Authority);
        string split = Blocks("nginx")[^1]
            .Replace("127.0.0.1:8080", product.EndPoint.ToString(), StringComparison.Ordinal)
            .Replace("127.0.0.1:8079", nginx.Authority, StringComparison.Ordinal)
            .Replace("listen 8078;", "listen 127.0.0.1:{{port}};", StringComparison.Ordinal);
        await using var front = await NginxServer.StartAsync(split);

        int ofProduct = 0;
        const int Files = 60;
        for (int file = 0; file < Files; file++)
        {
            TestFiles.WriteContent(_files.Combine($"downloads/{file}"), 1_000 + file, seed: file);
            RawResponse response = await RawClient.GetAsync(front.EndPoint, $"/downloads/{file}");
            Assert.Equal(TestContent.Bytes(0, 1_000 + file, file), response.Body);
            ofProduct += response.Field("Cache-Status") is null ? 0 : 1;
        }

        Assert.InRange(ofProduct, 1, Files / 3);
    }

    private Task<NginxServer> StartNginxAsync() => NginxServer.StartAsync(Blocks("nginx")[0]
        .Replace("origin.example.com:80", _origin!.Authority, StringComparison.Ordinal)
        .Replace("/var/cache/nginx/slices", "{{prefix}}/slices", StringComparison.Ordinal)
        .Replace("listen 80;", "listen 127.0.0.1:{{port}};", StringComparison.Ordinal));

    private static Task<ProductProcess> StartProductAsync(string origin) => ProductProcess.StartAsync(
        Blocks("yaml")[0]
            .Replace("origin.example.com:80", origin, StringComparison.Ordinal)
            .Replace("0.0.0.0:8080", $"{IPAddress.Loopback}:{{{{port}}}}", StringComparison.Ordinal)
            .Replace("/var/cache/pingora-slice", "{{dir}}/cache", StringComparison.Ordinal)
            .Replace("100g", "1g", StringComparison.Ordinal)
        + "metrics_endpoint:\n  address: 127.0.0.1:{{metrics_port}}\n");

    private static string[] Blocks(string language) =>
        [.. Block().Matches(Repository.Read("docs/migrating-from-nginx-slice.md"))
            .Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value)];

    [GeneratedRegex("^```([a-z]+)\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();
}
