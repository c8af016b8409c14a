using System.Net.Sockets;

namespace Slice.Tests.Support;

public sealed class LocalServerTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nginx_serves_ranges_of_a_file_and_logs_them(bool hasMaster)
    {
        using var root = new TestDirectory("root");
        TestFiles.WriteContent(root.Combine("file.bin"), 100_000, seed: 5);
        await using NginxServer nginx = await NginxServer.StartAsync(
            $$$"""server { listen 127.0.0.1:{{port}}; root {{{root.Path}}}; }""", hasMaster);
        RawResponse response = await RawClient.GetAsync(nginx.EndPoint, "/file.bin?q", "Range: bytes=10-29", "Connection: close");
        Assert.Equal(206, response.StatusCode);
        Assert.Equal(TestContent.Bytes(10, 20, seed: 5), response.Body);
        await Eventually.TrueAsync(() => nginx.ReadAccessLog().Count > 0, "a line in the access log");
        Assert.Equal([new NginxAccess("GET", "/file.bin?q", 206, 20, "bytes=10-29")], nginx.ReadAccessLog());
    }

    [Fact]
    public async Task Nginx_serves_a_sparse_file_beyond_4_gibibytes()
    {
        using var root = new TestDirectory("root");
        SparseFile file = SparseFile.CreateFiveGiB(root.Combine("five.bin"), seed: 5);
        await using NginxServer nginx = await NginxServer.StartStaticAsync(root.Path);
        long start = (4L << 30) - 1000;
        using var sink = new VerifyingSink(file.Fill, start);
        await RawClient.GetVerifiedAsync(nginx.EndPoint, "/five.bin", sink, Deadline.Default, $"Range: bytes={start}-{start + 1999}");
        Assert.Equal(2000, sink.Count);
    }

    [Fact]
    public async Task Nginx_stopped_frees_its_port()
    {
        using var root = new TestDirectory("root");
        await using NginxServer nginx = await NginxServer.StartStaticAsync(root.Path);
        Assert.Equal(0, await nginx.StopAsync());
        await Assert.ThrowsAsync<SocketException>(() => RawClient.ConnectAsync(nginx.EndPoint));
    }

    [Fact]
    public async Task Nginx_with_a_bad_configuration_fails_with_its_own_words()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => NginxServer.StartAsync("no_such_directive on;"));
        Assert.Contains("no_such_directive", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Haproxy_forwards_to_a_backend()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", exchange.Request.Target));
        await using HaproxyServer haproxy = await HaproxyServer.StartAsync($$$"""
            defaults
                mode http
                timeout connect 5s
                timeout client 20s
                timeout server 20s
            listen front
                bind 127.0.0.1:{{port}}
                server one {{{origin.Authority}}}
            """);
        Assert.Equal("/a", (await RawClient.GetAsync(haproxy.EndPoint, "/a")).BodyText);
    }
}
