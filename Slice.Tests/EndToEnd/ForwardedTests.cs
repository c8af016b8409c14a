using System.Net;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The Forwarded field (RFC 7239), as an option beside X-Forwarded-* (B41).</summary>
public sealed class ForwardedTests
{
    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("", "for=127.0.0.1;host=\"shop.example:80\";proto=http")]
    [InlineData("Forwarded: for=\"[2001:db8::1]\"\r\n", "for=\"[2001:db8::1]\", for=127.0.0.1;host=\"shop.example:80\";proto=http")]
    public async Task Element_of_ours_stands_behind_those_of_the_client(string fields, string forwarded)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { SendsForwarded = true, SlicePatterns = ["^/sliced/"] });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        foreach (string line in new[] { "POST / HTTP/1.1\r\nContent-Length: 0", "GET /whole HTTP/1.1\r\nCookie: a=b" })
        {
            await client.SendAsync($"{line}\r\nHost: shop.example:80\r\n{fields}\r\n");
            await client.ReadResponseAsync();
        }

        Assert.Equal(2, origin.RequestCount);
        Assert.All(origin.Requests, request => Assert.Equal(forwarded, string.Join(", ", request.Fields("Forwarded"))));
    }

    [Fact]
    [Trait("Behaviour", "B41")]
    public async Task Field_is_not_added_unless_asked_for()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        await client.ReadResponseAsync();

        Assert.Empty(Assert.Single(origin.Requests).Fields("Forwarded"));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("192.0.2.1", "shop", "for=192.0.2.1;host=shop;proto=http")]
    [InlineData("::ffff:192.0.2.1", "shop", "for=192.0.2.1;host=shop;proto=http")]
    [InlineData("2001:db8::1", "[::1]:80", "for=\"[2001:db8::1]\";host=\"[::1]:80\";proto=http")]
    [InlineData("fe80::1%3", "", "for=\"[fe80::1]\";proto=http")]
    public void Addresses_and_hosts_that_are_no_token_are_quoted(string client, string host, string value) =>
        Assert.Equal(value, ForwardedElement.Of(new IPEndPoint(IPAddress.Parse(client), 1), Wire.Bytes(host), isTls: false).Value);

    [Fact]
    [Trait("Behaviour", "B41")]
    public void Client_without_an_address_is_unknown() =>
        Assert.Equal("for=unknown;host=a;proto=http", ForwardedElement.Of(null, "a"u8, isTls: false).Value);
}
