using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What trusted proxies say of their clients counts, and nobody else's word (B41).</summary>
[Trait("Behaviour", "B41")]
public sealed class TrustedProxyTests
{
    [Theory]
    [InlineData("127.0.0.1", "https://shop.example/new")]
    [InlineData("192.0.2.1", "http://test.example/new")]
    public async Task Location_names_the_scheme_and_host_that_the_client_has_asked(string trusted, string location)
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.RespondAsync("302 Found", "", $"Location: http://{exchange.Request.Field("Host")}/new"));
        await using var proxy = await StartAsync(origin, trusted);

        var response = await proxy.GetAsync("/old", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop.example");

        Assert.Equal(location, response.Field("Location"));
    }

    [Theory]
    [InlineData("127.0.0.1", "https", "shop.example")]
    [InlineData("192.0.2.1", "http", "inner")]
    public async Task Origin_is_told_what_a_trusted_proxy_says(string trusted, string scheme, string host)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(origin, trusted);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(
            "POST / HTTP/1.1\r\nHost: inner\r\nContent-Length: 0\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
            + "X-Forwarded-Host: shop.example\r\n\r\n");
        await client.ReadResponseAsync();

        var request = Assert.Single(origin.Requests);
        Assert.Equal("203.0.113.9, 127.0.0.1", request.Field("X-Forwarded-For"));
        Assert.Equal([scheme], request.Fields("X-Forwarded-Proto"));
        Assert.Equal([host], request.Fields("X-Forwarded-Host"));
    }

    [Theory]
    [InlineData("127.0.0.1", 200)]
    [InlineData("192.0.2.1", 429)]
    [Trait("Behaviour", "B53")]
    public async Task Limits_are_those_of_the_clients_behind_a_trusted_proxy(string trusted, int otherStatus)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await StartAsync(
            origin,
            trusted,
            options => options with
            {
                Limits = options.Limits with { PerClient = new PerClientLimitOptions { RequestsPerSecond = 1, Connections = 1 } },
            });
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);

        Assert.Equal(200, await AskAsync(first, "198.51.100.1"));
        Assert.Equal(429, await AskAsync(first, "198.51.100.1"));
        Assert.Equal(otherStatus, await AskAsync(first, "198.51.100.2"));

        // The connections of the proxy are those of all its clients.
        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        Assert.Equal(otherStatus, await AskAsync(second, "198.51.100.3"));
    }

    private static async Task<int> AskAsync(RawClient client, string address)
    {
        await client.SendAsync(RawClient.Request("GET", "/a", $"X-Forwarded-For: 198.51.100.1, {address}"));
        return (await client.ReadResponseAsync()).StatusCode;
    }

    private static Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin origin, string trusted, Func<SliceOptions, SliceOptions>? configure = null) => ProxyUnderTest.StartAsync(
        origin.Uri, 100, options => (configure?.Invoke(options) ?? options) with { TrustedProxies = [trusted] });
}
