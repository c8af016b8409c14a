using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Connections that begin with a header of HAProxy's PROXY protocol.</summary>
public sealed class ProxyProtocolTests
{
    private const string Header = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n";

    private readonly RangeFile _file = new(1 << 20);

    [Fact]
    [Trait("Behaviour", "B41")]
    public async Task Client_that_a_trusted_balancer_names_is_the_one_the_origin_hears_of()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "ok"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(Header + RawClient.Request("POST", "/a") + RawClient.Request("POST", "/b"));
        await client.ReadResponseAsync();
        await client.ReadResponseAsync();

        Assert.All(origin.Requests, request => Assert.Equal("192.0.2.1", request.Field("X-Forwarded-For")));
    }

    [Fact]
    public async Task Bytes_behind_the_header_are_served_as_always()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        foreach (char character in Header)
        {
            await client.SendAsync(character.ToString());
        }

        await client.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=1000-200000"));
        Assert.Equal(TestContent.Bytes(1000, 199001, _file.Seed), (await client.ReadResponseAsync()).Body);
    }

    [Theory]
    [InlineData(Header)]
    [InlineData("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n")]
    [InlineData("PROXY UNKNOWN\r\n")]
    [Trait("Behaviour", "B56")]
    public async Task Purge_without_a_token_is_refused_whatever_client_the_header_names(string header)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(header + RawClient.Request("PURGE", "/file"));

        Assert.Equal(401, (await client.ReadResponseAsync()).StatusCode);
    }

    [Theory]
    [InlineData("127.0.0.1", "GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("127.0.0.1", "PROXY TCP4 nonsense\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("192.0.2.0/24", Header + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("192.0.2.0/24", "GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    public async Task Connection_that_does_not_begin_as_it_must_is_closed(string trusted, string bytes)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, trusted: trusted);
        string answer = "";
        try
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(bytes);
            answer = await client.ReadToCloseAsync();
        }
        catch (SocketException)
        {
            // Closed before anything could be sent: it was the address alone.
        }

        Assert.Equal("", answer);
        Assert.Equal(0, origin.RequestCount);
        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.Contains("a connection was closed", StringComparison.Ordinal)), () => "a line that tells why");
    }

    [Fact]
    [Trait("Behaviour", "B40")]
    public async Task Header_that_does_not_come_ends_the_connection_in_time()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, time: time);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync("PROXY TCP4 ");

        var closed = client.ReadToCloseAsync();
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(11));
                return closed.IsCompleted;
            },
            () => "the connection to be closed");
        Assert.Equal("", await closed);
    }

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    public async Task Haproxy_tells_us_who_the_client_is(string option)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", "ok"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });
        await using var haproxy = await HaproxyServer.StartAsync($$$"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 30s
              timeout server 30s
            listen front
              bind 127.0.0.1:{{port}}
              server a {{{proxy.EndPoint}}} {{{option}}}
            """);

        // From an address of its own, so that it cannot be the balancer's.
        using var client = await RawClient.ConnectFromAsync(System.Net.IPAddress.Parse("127.0.0.9"), haproxy.EndPoint);
        await client.SendAsync(RawClient.Request("POST", "/a"));

        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);
        Assert.Equal("127.0.0.9", origin.Requests.Single().Field("X-Forwarded-For"));
    }

    private static Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin origin,
        Func<SliceOptions, SliceOptions>? configure = null,
        string trusted = "127.0.0.1",
        TimeProvider? time = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 64 << 10,
            options => (configure?.Invoke(options) ?? options) with
            {
                ProxyProtocol = new ProxyProtocolOptions { Enabled = true, TrustedAddresses = [trusted] },
            },
            time);
}
