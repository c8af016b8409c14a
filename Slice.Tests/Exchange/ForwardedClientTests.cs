using System.Buffers;
using System.Net;
using Slice.Core.Http;
using Slice.Net.Exchange;
using Slice.Tests.Support;

namespace Slice.Tests.Exchange;

/// <summary>The client behind trusted proxies (B41): nobody else's word about it counts.</summary>
[Trait("Behaviour", "B41")]
public sealed class ForwardedClientTests
{
    private const string Peer = "10.0.0.1";

    [Theory]
    [InlineData("", Peer)]
    [InlineData("X-Forwarded-For: 192.0.2.1", "192.0.2.1")]
    [InlineData("X-Forwarded-For: 203.0.113.9, 192.0.2.1", "192.0.2.1")]
    [InlineData("X-Forwarded-For: 203.0.113.9, 192.0.2.1, 10.0.0.2", "192.0.2.1")]
    [InlineData("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.9.9.9", "192.0.2.1")]
    [InlineData("X-Forwarded-For: 10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("X-Forwarded-For: 192.0.2.1, unknown", Peer)]
    [InlineData("X-Forwarded-For: 192.0.2.1, unknown, 10.0.0.2", "10.0.0.2")]
    [InlineData("X-Forwarded-For: 192.0.2.1,, ,", "192.0.2.1")]
    [InlineData("X-Forwarded-For: 192.0.2.1:5000", "192.0.2.1")]
    [InlineData("X-Forwarded-For: 2001:db8::7", "2001:db8::7")]
    [InlineData("Forwarded: for=192.0.2.1;proto=https", "192.0.2.1")]
    [InlineData("Forwarded: for=203.0.113.9, For=\"[2001:db8::7]:80\";host=\"a,b\", proto=http;for=10.0.0.2", "2001:db8::7")]
    [InlineData("Forwarded: for=192.0.2.1, for=_secret", Peer)]
    [InlineData("Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 192.0.2.1", "192.0.2.1")]
    [InlineData("Forwarded: proto=http;host=\"x;for=6.6.6.6;y\";for=192.0.2.1", "192.0.2.1")]
    [InlineData("Forwarded: host=\"x\\\";for=6.6.6.6;y=\\\"\" ; FOR=\"192.0.2\\.1\"", "192.0.2.1")]
    [InlineData("Forwarded: for=\", for=192.0.2.1;host=\"x,for=6.6.6.6;y\"", "192.0.2.1")]
    [InlineData("Forwarded: for=6.6.6.6, for=\", for=192.0.2.1", "192.0.2.1")]
    [InlineData("Forwarded: \", for=192.0.2.1, for=10.0.0.2", "192.0.2.1")]
    [InlineData("Forwarded: for=192.0.2.1;;, ,", "192.0.2.1")]
    [InlineData("Forwarded: for=6.6.6.6;host=a;For=192.0.2.1", Peer)]
    [InlineData("Forwarded: x=1;for=192.0.2.1;X=2", Peer)]
    [InlineData("Forwarded: for=192.0.2.1;host=\"x\"y\"", Peer)]
    [InlineData("Forwarded: for=192.0.2.1;host=\"x\\\"", Peer)]
    [InlineData("Forwarded: for=192.0.2.1 for=10.0.0.2", Peer)]
    [InlineData("Forwarded: for=192.0.2.1;=", Peer)]
    [InlineData("Forwarded: for=192.0.2.1;host=", Peer)]
    [InlineData("Forwarded: 192.0.2.1", Peer)]
    [InlineData("X-Forwarded-For: \", 192.0.2.1", "192.0.2.1")]
    public void Client_is_the_last_address_that_is_not_trusted(string fields, string client) =>
        Assert.Equal(client, ForwardedClient.Find(Head(fields).Fields, AddressOf(Peer), s_trusted).ToString());

    [Fact]
    public void List_without_end_is_not_followed_to_its_end()
    {
        string list = string.Join(',', Enumerable.Repeat("10.0.0.2", 100).Prepend("192.0.2.1"));
        Assert.Equal(
            "10.0.0.2", ForwardedClient.Find(Head("X-Forwarded-For: " + list).Fields, AddressOf(Peer), s_trusted).ToString());
    }

    [Theory]
    [InlineData(15, "192.0.2.1")]
    [InlineData(16, Peer)]
    public void Element_has_a_bounded_number_of_parameters(int others, string client)
    {
        string element = string.Join(';', Enumerable.Range(0, others).Select(number => $"x{number}=y").Prepend("for=192.0.2.1"));
        Assert.Equal(client, ForwardedClient.Find(Head("Forwarded: " + element).Fields, AddressOf(Peer), s_trusted).ToString());
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("X-Forwarded-Proto: https", true)]
    [InlineData("X-Forwarded-Proto: HTTP", false)]
    [InlineData("X-Forwarded-Proto: http, https", true)]
    [InlineData("X-Forwarded-Proto: gopher", null)]
    [InlineData("Forwarded: proto=https", true)]
    [InlineData("Forwarded: proto=http\r\nX-Forwarded-Proto: https", true)]
    [InlineData("Forwarded: host=\"x;proto=https;y\";proto=http", false)]
    [InlineData("Forwarded: proto=https;proto=http", null)]
    [InlineData("X-Forwarded-Proto: \", https", true)]
    public void Scheme_is_what_the_nearest_proxy_says(string fields, bool? isTls) =>
        Assert.Equal(isTls, ForwardedClient.IsTls(Head(fields).Fields));

    [Theory]
    [InlineData("", "")]
    [InlineData("X-Forwarded-Host: shop.example", "shop.example")]
    [InlineData("X-Forwarded-Host: a.example, shop.example:8443", "shop.example:8443")]
    [InlineData("X-Forwarded-Host: shop.example/evil", "")]
    [InlineData("Forwarded: for=1.2.3.4;host=\"shop.example:80\"", "shop.example:80")]
    [InlineData("Forwarded: for=1.2.3.4;host=\"shop\\.example\"", "shop.example")]
    [InlineData("Forwarded: by=\"x;host=evil.example;y\";host=shop.example", "shop.example")]
    [InlineData("X-Forwarded-Host: \", shop.example", "shop.example")]
    public void Host_is_what_the_nearest_proxy_says_when_it_is_one(string fields, string host) =>
        Assert.Equal(host, Wire.Text(ForwardedClient.Host(Head(fields).Fields)));

    [Theory]
    [InlineData("192.0.2.7", "192.0.2.7", true)]
    [InlineData("192.0.2.7", "192.0.2.8", false)]
    [InlineData("192.0.2.0/24", "192.0.2.255", true)]
    [InlineData("192.0.2.0/24", "192.0.3.0", false)]
    [InlineData("192.0.2.0/24", "::ffff:192.0.2.1", true)]
    [InlineData("0.0.0.0/0", "203.0.113.9", true)]
    [InlineData("0.0.0.0/0", "2001:db8::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("2001:db8::/32", "2001:db8:ffff::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    public void Trusted_are_addresses_and_networks(string entry, string address, bool isTrusted) =>
        Assert.Equal(isTrusted, new TrustedProxies([entry]).Contain(AddressOf(address)));

    [Fact]
    public void Unknown_address_is_never_trusted() => Assert.False(new TrustedProxies(["::/0"]).Contain(default));

    private static readonly TrustedProxies s_trusted = new(["10.0.0.0/8"]);

    private static ClientAddress AddressOf(string text) => ClientAddress.Of(IPAddress.Parse(text));

    private static RequestHead Head(string fields)
    {
        var head = new RequestHead();
        string text = $"GET / HTTP/1.1\r\nHost: a\r\n{(fields.Length > 0 ? fields + "\r\n" : "")}\r\n";
        var status = new RequestHeadParser(new RequestHeadLimits(8192, 32768, 100))
            .Parse(new ReadOnlySequence<byte>(Wire.Bytes(text)), head, out _, out _, out _);
        Assert.Equal(RequestHeadStatus.Complete, status);
        return head;
    }
}
