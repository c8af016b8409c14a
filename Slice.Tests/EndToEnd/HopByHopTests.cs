using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>What Connection may name and what not, and fields by which a client would speak for a cache (B41).</summary>
public sealed class HopByHopTests
{
    [Fact]
    [Trait("Behaviour", "B41")]
    [Trait("Behaviour", "B29")]
    public async Task Field_named_in_connection_selects_no_variant()
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.RespondAsync(
                "200 OK", exchange.Request.Field("Accept-Language") ?? "none", "Vary: Accept-Language", "Cache-Control: max-age=60"));
        await using var proxy = await StartAsync(origin);

        var poisoning = await proxy.GetAsync("/page", "Accept-Language: de", "Connection: Accept-Language");
        var german = await proxy.GetAsync("/page", "Accept-Language: de");
        var again = await proxy.GetAsync("/page", "Accept-Language: de", "Connection: Accept-Language");

        Assert.Equal(("none", "de", "none"), (poisoning.BodyText, german.BodyText, again.BodyText));
        Assert.Equal(("MISS", "HIT"), (german.Field("X-Cache"), again.Field("X-Cache")));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("POST")]
    [InlineData("GET")]
    public async Task Response_field_for_all_recipients_cannot_be_named_away(string method)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(
            "200 OK",
            "body",
            "Connection: Cache-Control, Content-Encoding, ETag, Vary, Content-Length, X-Hop",
            "Cache-Control: private",
            "Content-Encoding: gzip",
            "ETag: \"v1\"",
            "Vary: Accept-Encoding",
            "X-Hop: 1"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request(method, "/page", "Content-Length: 0"));
        var response = await client.ReadResponseAsync();

        Assert.Equal("body", response.BodyText);
        Assert.Equal(("private", "gzip"), (response.Field("Cache-Control"), response.Field("Content-Encoding")));
        Assert.Equal(("\"v1\"", "Accept-Encoding"), (response.Field("ETag"), response.Field("Vary")));
        Assert.Empty(response.Fields("X-Hop"));
    }

    [Fact]
    [Trait("Behaviour", "B41")]
    [Trait("Behaviour", "B30")]
    public async Task Fields_by_which_a_client_speaks_for_a_cache_are_its_own()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", "page", "Cache-Control: max-age=60", "X-Cache: HIT"));
        await using var proxy = await StartAsync(origin);
        string[] lies =
        [
            "X-Cache: HIT",
            "Cache-Status: evil; hit",
            "Age: 900",
            "X-Accel-Expires: 0",
            "CDN-Cache-Control: no-store",
            "Surrogate-Control: no-store",
        ];

        var first = await proxy.GetAsync("/page", lies);
        var second = await proxy.GetAsync("/page", lies);

        Assert.Equal(("BYPASS", "BYPASS"), (first.Field("X-Cache"), second.Field("X-Cache")));
        Assert.StartsWith("pingora-slice;", first.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.StartsWith("pingora-slice;", second.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.NotEqual("900", second.Field("Age"));
        Assert.Equal(2, origin.RequestCount);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) =>
        ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4, options => options with { SlicePatterns = ["^/sliced/"] });
}
