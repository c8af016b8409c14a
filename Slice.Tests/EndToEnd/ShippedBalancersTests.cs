using System.Text.RegularExpressions;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What the balancer configurations that we ship let through: the client's address, and no PURGE.</summary>
public sealed partial class ShippedBalancersTests : IAsyncLifetime
{
    private const string Token = "s3cret-token";

    private readonly RangeFile _file = new(16);
    private ScriptedOrigin? _origin;
    private ProxyUnderTest? _proxy;

    public async ValueTask InitializeAsync()
    {
        _origin = ScriptedOrigin.Start(_file.AnswerAsync);
        _proxy = await ProxyUnderTest.StartAsync(
            _origin.Uri, sliceSizeBytes: 4, options => options with
            {
                Purge = options.Purge with { AuthToken = Token },
                TrustedProxies = ["127.0.0.1"],
            });
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await (_proxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_origin?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    // Even who knows the token does not purge from outside. /health and /metrics lead to the metrics port.
    [Theory]
    [InlineData(false, "PURGE /file HTTP/1.1")]
    [InlineData(true, "PURGE /file HTTP/1.1")]
    [InlineData(true, "PURGE /metrics HTTP/1.1")]
    [InlineData(true, "PURGE /health HTTP/1.1")]
    [InlineData(true, "purge /file HTTP/1.1")]
    [InlineData(false, "PURGE http://files.example/file HTTP/1.1")]
    [InlineData(true, "PURGE http://files.example/file HTTP/1.1")]
    [Trait("Behaviour", "B56")]
    public async Task Purge_from_outside_is_refused(bool isNginx, string requestLine)
    {
        await using var balancer = await StartAsync(isNginx);
        await RawClient.GetAsync(balancer.EndPoint, "/file");
        Assert.Equal("HIT", (await RawClient.GetAsync(balancer.EndPoint, "/file")).Field("X-Cache"));

        using var client = await RawClient.ConnectAsync(balancer.EndPoint);
        await client.SendAsync($"{requestLine}\r\nHost: files.example\r\nX-Purge-Token: {Token}\r\n\r\n");
        int status = (await client.ReadResponseAsync()).StatusCode;

        Assert.InRange(status, 400, 499);
        Assert.Equal(0, await _proxy!.MetricAsync("purge_requests_total"));
        Assert.Equal("HIT", (await RawClient.GetAsync(balancer.EndPoint, "/file")).Field("X-Cache"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B56")]
    public async Task Address_of_the_client_is_passed_on(bool isNginx)
    {
        await using var balancer = await StartAsync(isNginx);
        using var client = await RawClient.ConnectAsync(balancer.EndPoint);

        await client.SendAsync("POST /form HTTP/1.1\r\nHost: files.example\r\nX-Forwarded-For: 192.0.2.7\r\nContent-Length: 0\r\n\r\n");
        await client.ReadResponseAsync();

        // What the client says of itself, the client as the balancer sees it, and the balancer.
        Assert.Equal("192.0.2.7, 127.0.0.1, 127.0.0.1", _origin!.Requests[^1].Field("X-Forwarded-For"));
    }

    // An instance that trusts the balancer takes all of this for its word.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [Trait("Behaviour", "B41")]
    public async Task What_a_client_forges_is_not_taken_for_the_word_of_the_balancer(bool isNginx)
    {
        await using var balancer = await StartAsync(isNginx);
        using var client = await RawClient.ConnectAsync(balancer.EndPoint);

        await client.SendAsync(
            "POST /form HTTP/1.1\r\nHost: files.example\r\nContent-Length: 0\r\nX-Forwarded-For: 192.0.2.7\r\n"
            + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: forged.example\r\nX-Request-Id: forged\r\n"
            + "Forwarded: for=192.0.2.8;proto=https;host=forged.example\r\n\r\n");
        await client.ReadResponseAsync();

        var request = _origin!.Requests[^1];
        Assert.Equal(["http"], request.Fields("X-Forwarded-Proto"));
        Assert.Equal(["files.example"], request.Fields("X-Forwarded-Host"));
        Assert.NotEqual("forged", Assert.Single(request.Fields("X-Request-Id")));
        Assert.Equal("192.0.2.7, 127.0.0.1, 127.0.0.1", request.Field("X-Forwarded-For"));
    }

    private async Task<LocalServer> StartAsync(bool isNginx)
    {
        string shipped = Repository.Read(isNginx ? "systemd/nginx.conf" : "systemd/haproxy.cfg");
        string configuration = InstancePort()
            .Replace(shipped, _proxy!.EndPoint.ToString())
            .Replace("127.0.0.1:9090", _proxy.AdminEndPoint.ToString(), StringComparison.Ordinal)
            .Replace("listen 80;", "listen 127.0.0.1:{{port}};", StringComparison.Ordinal)
            .Replace("bind :80", "bind 127.0.0.1:{{port}}", StringComparison.Ordinal);
        return isNginx ? await NginxServer.StartAsync(configuration) : await HaproxyServer.StartAsync(configuration);
    }

    [GeneratedRegex("127\\.0\\.0\\.1:808[0-2]")]
    private static partial Regex InstancePort();
}
