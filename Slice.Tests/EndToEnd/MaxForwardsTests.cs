using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>OPTIONS and TRACE are counted down, and answered here at 0 (RFC 9110 §7.6.2, B36).</summary>
[Trait("Behaviour", "B36")]
public sealed class MaxForwardsTests
{
    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    [Theory]
    [InlineData("OPTIONS", "0", "HTTP/1.1 200 OK", "")]
    [InlineData("OPTIONS", "000", "HTTP/1.1 200 OK", "")]
    [InlineData("TRACE", "0", "HTTP/1.1 405 Method Not Allowed", "405 not answered here\n")]
    public async Task Request_that_may_not_be_forwarded_is_answered_here(string method, string value, string statusLine, string body)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request(method, "/file", "Max-Forwards: " + value, "Cookie: secret=1"));
        var response = await client.ReadResponseAsync();

        Assert.Equal((statusLine, Methods, body), (response.StatusLine, response.Field("Allow"), response.BodyText));
        Assert.Empty(origin.Requests);

        // The connection goes on.
        await client.SendAsync(RawClient.Request("OPTIONS", "/file"));
        Assert.Null((await client.ReadResponseAsync()).Field("Allow"));
    }

    [Theory]
    [InlineData("OPTIONS", "1", "0")]
    [InlineData("TRACE", "10", "9")]
    [InlineData("TRACE", "007", "6")]
    [InlineData("OPTIONS", "99999999999999999999999", "9223372036854775806")]
    [InlineData("OPTIONS", "-1", "-1")]
    [InlineData("OPTIONS", "+0", "+0")]
    [InlineData("TRACE", "0, 0", "0, 0")]
    [InlineData("TRACE", "", "")]
    [InlineData("POST", "0", "0")]
    [InlineData("options", "0", "0")]
    public async Task Number_is_one_less_at_the_origin_and_anything_else_is_as_it_came(string method, string sent, string received)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request(method, "/file", "A: 1", "max-forwards: " + sent, "B: 2"));
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        // In its place, in the client's spelling.
        string head = Assert.Single(origin.Requests).HeadText;
        Assert.Contains($"\r\nA: 1\r\nmax-forwards: {received}\r\nB: 2\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Field_that_stands_twice_means_nothing()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK"));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("OPTIONS", "/file", "Max-Forwards: 0", "Max-Forwards: 3"));
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        Assert.Equal(["0", "3"], Assert.Single(origin.Requests).Fields("Max-Forwards"));
    }
}
