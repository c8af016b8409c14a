using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>WebDAV of Apache's mod_dav through the proxy, by single requests and by rclone.</summary>
public sealed class WebDavTests : IAsyncLifetime
{
    private const int SmallBytes = 2000;

    private readonly OriginFiles _files = new();
    private readonly TestDirectory _client = new("rclone");
    private RealServer? _origin;

    public async ValueTask InitializeAsync()
    {
        _files.MakeDirectory("dav");
        _origin = await ApacheServer.StartAsync($"""
            DocumentRoot {_files.Path}
            DavLockDB {_files.MakeDirectory("locks")}/db
            <Location /dav>
                Dav On
            </Location>
            """);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
        _files.Dispose();
        _client.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B34")]
    [Trait("Behaviour", "B62")]
    public async Task Changes_through_the_proxy_are_seen_at_once(bool isSliced)
    {
        await using var proxy = await StartAsync(isSliced);
        async Task AssertIsAsync(string target, int status, byte[]? content = null)
        {
            RawResponse response = await SendAsync(proxy, "GET " + target, []);
            Assert.Equal(status, response.StatusCode);
            Assert.Equal(content ?? response.Body, response.Body);
        }

        (byte[] first, byte[] second) = (TestContent.Bytes(0, SmallBytes, 1), TestContent.Bytes(0, SmallBytes, 2));
        await AssertIsAsync("/dav/a.bin", 404);
        Assert.Equal(201, (await SendAsync(proxy, "PUT /dav/a.bin", first)).StatusCode);
        await AssertIsAsync("/dav/a.bin", 200, first);
        Assert.Equal(204, (await SendAsync(proxy, "PUT /dav/a.bin", second)).StatusCode);
        await AssertIsAsync("/dav/a.bin", 200, second);

        RawResponse listing = await SendAsync(proxy, "PROPFIND /dav/", [], "Depth: 1");
        Assert.Equal(207, listing.StatusCode);
        Assert.Contains("<D:href>/dav/a.bin</D:href>", listing.BodyText, StringComparison.Ordinal);

        await AssertIsAsync("/dav/b.bin", 404);
        Assert.Equal(
            201, (await SendAsync(proxy, "MOVE /dav/a.bin", [], $"Destination: http://{proxy.EndPoint}/dav/b.bin")).StatusCode);
        await AssertIsAsync("/dav/a.bin", 404);
        await AssertIsAsync("/dav/b.bin", 200, second);
        Assert.Equal(204, (await SendAsync(proxy, "DELETE /dav/b.bin", [])).StatusCode);
        await AssertIsAsync("/dav/b.bin", 404);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B62")]
    public async Task Rclone_copies_up_checks_moves_and_copies_down(bool isSliced)
    {
        await using var proxy = await StartAsync(isSliced);
        Directory.CreateDirectory(_client.Combine("up/deep er"));
        TestFiles.WriteContent(_client.Combine("up/object.bin"), OriginFiles.LengthBytes, Downloads.Seed);
        TestFiles.WriteContent(_client.Combine("up/deep er/ünder.bin"), SmallBytes, Downloads.Seed);
        Task<string> Rclone(params string[] command) => Tool.RunAsync(
            "rclone",
            _client,
            [
                "--config", "", "--webdav-url", $"http://{proxy.EndPoint}/dav", "--webdav-vendor", "other", "--retries", "1",
                "--low-level-retries", "1", "-v", .. command,
            ]);

        await Rclone("copy", "up", ":webdav:");
        await Rclone("check", "--download", "up", ":webdav:");
        await Rclone("moveto", ":webdav:object.bin", ":webdav:deep er/moved.bin");
        await Rclone("copy", ":webdav:", "down");

        Assert.Equal(
            ["deep er", "deep er/moved.bin", "deep er/ünder.bin"],
            Directory.EnumerateFileSystemEntries(_client.Combine("down"), "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_client.Combine("down"), path)).Order(StringComparer.Ordinal));
        AssertSame("up/object.bin", "down/deep er/moved.bin");
        AssertSame("up/deep er/ünder.bin", "down/deep er/ünder.bin");
    }

    // Apache compares the host in Destination with the one in Host.
    private Task<ProxyUnderTest> StartAsync(bool isSliced)
        => Downloads.StartProxyAsync(_origin!, isSliced, options => options with { ForwardHost = true });

    private static async Task<RawResponse> SendAsync(ProxyUnderTest proxy, string begin, byte[] body, params string[] fields)
    {
        using RawClient client = await RawClient.ConnectAsync(proxy.EndPoint);
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"{begin} HTTP/1.1\r\nHost: {proxy.EndPoint}\r\n{string.Concat(fields.Select(field => field + "\r\n"))}"
            + $"{(body.Length > 0 ? $"Content-Length: {body.Length}\r\n" : "")}\r\n");
        await client.SendAsync((byte[])[.. Wire.Bytes(head), .. body]);
        return await client.ReadResponseAsync(begin[..begin.IndexOf(' ', StringComparison.Ordinal)]);
    }

    private void AssertSame(string expected, string actual)
        => Assert.Equal(File.ReadAllBytes(_client.Combine(expected)), File.ReadAllBytes(_client.Combine(actual)));
}
