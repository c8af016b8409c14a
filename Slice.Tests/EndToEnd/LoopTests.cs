using System.Globalization;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A request that comes back to the instance that sent it ends there (RFC 9110 §7.6, B65).</summary>
[Trait("Behaviour", "B65")]
public sealed class LoopTests
{
    private static readonly string[] s_requests =
    [
        "GET /sliced/a HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /sliced/b HTTP/1.1\r\nHost: x\r\nRange: bytes=4-7\r\n\r\n",
        "GET /page HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /page/gz HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /page/own HTTP/1.1\r\nHost: x\r\nCookie: a=b\r\nAccept-Encoding: gzip, br\r\n\r\n",
        "POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab",
        "DELETE /it HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n",
        "OPTIONS /it HTTP/1.1\r\nHost: x\r\n\r\n",
    ];

    /// <summary>Every request, under every setting.</summary>
    public static TheoryData<ViaToOrigin, string> Requests() =>
        [.. Enum.GetValues<ViaToOrigin>().SelectMany(_ => s_requests, (via, request) => (via, request))];

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Request_to_a_proxy_that_is_its_own_origin_is_508(ViaToOrigin via, string request)
    {
        await using var proxy = await FreePort.RetryAsync(port => StartAsync(port, port, via));
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(request);

        Assert.Equal("HTTP/1.1 508 Loop Detected", (await client.ReadResponseAsync()).StatusLine);
        Assert.Single(proxy.Log, line => line.Contains("loop_refused", StringComparison.Ordinal)
            || line.Contains("came back to the proxy", StringComparison.Ordinal));
        Assert.InRange(await LoopsAsync(proxy), 1, 2);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Loop_through_another_instance_is_508(ViaToOrigin via, string request)
    {
        await FreePort.RetryAsync(async first =>
        {
            await using var second = await FreePort.RetryAsync(port => StartAsync(port, first, via));
            await using var proxy = await StartAsync(first, second.EndPoint.Port, via);
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);

            await client.SendAsync(request);

            Assert.Equal("HTTP/1.1 508 Loop Detected", (await client.ReadResponseAsync()).StatusLine);
            Assert.InRange(await LoopsAsync(proxy) + await LoopsAsync(second), 1, 4);
            return 0;
        });
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Chain_of_instances_is_no_loop(ViaToOrigin via, string request)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("404 Not Found", "no"));
        await using var mid = await FreePort.RetryAsync(port => StartAsync(port, origin.Uri.Port, via));
        await using var edge = await FreePort.RetryAsync(port => StartAsync(port, mid.EndPoint.Port, via));
        using var client = await RawClient.ConnectAsync(edge.EndPoint);

        await client.SendAsync(request);

        var response = await client.ReadResponseAsync();
        Assert.Equal(404, response.StatusCode);
        Assert.All(response.Fields("Via"), element => Assert.Equal("1.1 pingora-slice", element));
        string path = string.Join(", ", origin.Requests[^1].Fields("Via").Concat(origin.Requests[^1].Fields("CDN-Loop")));
        Assert.Contains(edge.Composition.Settings.Current.Identity.Id, path, StringComparison.Ordinal);
        Assert.Contains(mid.Composition.Settings.Current.Identity.Id, path, StringComparison.Ordinal);
        Assert.Equal(2, path.Split("pingora-slice").Length - 1);
    }

    [Theory]
    [InlineData("Via: 1.1 pingora-slice ({0})", 508)]
    [InlineData("Via: 1.1 other (a, b), 1.1 pingora-slice ({0}), 1.0 more", 508)]
    [InlineData("Via: HTTP/1.1 pingora-slice\t({0}),1.0 more", 508)]
    [InlineData("CDN-Loop: other; a=\"b\", pingora-slice;id={0}", 508)]
    [InlineData("cdn-loop: pingora-slice; id={0}; more=1", 508)]
    [InlineData("Connection: CDN-Loop\r\nCDN-Loop: pingora-slice;id={0}", 508)]
    [InlineData("Via: 1.1 pingora-slice", 200)]
    [InlineData("Via: 1.1 pingora-slice (00000000)", 200)]
    [InlineData("Via: 1.1 pingora-slice ({0}", 508)]
    [InlineData("Via: 1.1 pingora-slicer ({0})", 200)]
    [InlineData("Via: 1.1 other ({0})", 200)]
    [InlineData("X-Via: 1.1 pingora-slice ({0})", 200)]
    [InlineData("Via:", 200)]
    public async Task Name_of_the_instance_in_the_path_of_a_request_is_508(string line, int status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        string id = proxy.Composition.Settings.Current.Identity.Id;

        await client.SendAsync(RawClient.Request("OPTIONS", "/file", string.Format(CultureInfo.InvariantCulture, line, id)));

        Assert.Equal(status, (await client.ReadResponseAsync()).StatusCode);
        Assert.Equal(status == 200 ? 1 : 0, origin.RequestCount);
    }

    [Theory]
    [InlineData("1.1 pingora-slice", 16, 200)]
    [InlineData("1.1 pingora-slice", 17, 508)]
    [InlineData("1.1 pingora-slice (01234567)", 16, 200)]
    [InlineData("1.1 pingora-slice (01234567)", 17, 508)]
    [InlineData("1.1 somebody-else", 50, 200)]
    public async Task Path_of_more_instances_than_a_chain_has_is_508(string element, int count, int status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        // Half on one line, half on another: a list may be spread over lines.
        string half = string.Join(", ", Enumerable.Repeat(element, count / 2));
        string rest = string.Join(", ", Enumerable.Repeat(element, count - (count / 2)));

        Assert.Equal(status, (await proxy.GetAsync("/file", "Via: " + half, "Via: " + rest)).StatusCode);
    }

    [Fact]
    public async Task Loop_is_logged_once_a_second()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        var time = new ManualTime();
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, time: time);
        string line = $"Via: 1.1 pingora-slice ({proxy.Composition.Settings.Current.Identity.Id})";

        foreach (int expected in new[] { 1, 1, 2 })
        {
            Assert.Equal(508, (await proxy.GetAsync("/file", line)).StatusCode);
            Assert.Equal(expected, proxy.Log.Count(entry => entry.Contains("came back to the proxy", StringComparison.Ordinal)));
            time.Advance(TimeSpan.FromMilliseconds(600));
        }

        Assert.Equal(3, await LoopsAsync(proxy));
    }

    private static async Task<double> LoopsAsync(ProxyUnderTest proxy)
    {
        string metrics = (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText;
        string? line = metrics.Split('\n').SingleOrDefault(
            line => line.StartsWith("pingora_slice_errors_total{reason=\"loop\"} ", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);
    }

    private static async Task<ProxyUnderTest> StartAsync(int port, int originPort, ViaToOrigin via)
    {
        try
        {
            return await ProxyUnderTest.StartAsync(
                new Uri($"http://127.0.0.1:{originPort}"), sliceSizeBytes: 4, options => options with
                {
                    ListenAddress = $"127.0.0.1:{port}",
                    SlicePatterns = ["^/sliced/"],
                    ViaToOrigin = via,
                });
        }
        catch (IOException error)
        {
            throw new PortTakenException(error.Message);
        }
    }
}
