using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Fields that belong to one connection, or that only we may say, end at the proxy (B41).</summary>
public sealed class HopByHopTests
{
    private readonly RangeFile _file = new(16);

    [Fact]
    [Trait("Behaviour", "B41")]
    public async Task Fields_of_the_origins_connection_are_not_stored()
    {
        _file.ExtraFields =
        [
            "Cache-Control: max-age=60", "Connection: X-Hop, keep-alive", "X-Hop: 1", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Upgrade: h2c",
            "Trailer: X-T", "X-Kept: 2",
        ];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/file");

        var hit = await proxy.GetAsync("/file");

        Assert.Equal(("HIT", "2"), (hit.Field("X-Cache"), hit.Field("X-Kept")));
        Assert.All(["X-Hop", "Connection", "Keep-Alive", "Proxy-Authenticate", "Upgrade", "Trailer"], name => Assert.Empty(hit.Fields(name)));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("Connection: Host")]
    [InlineData("Connection: Content-Length, Transfer-Encoding")]
    [InlineData("Connection: X-Forwarded-For, Via")]
    public async Task Connection_cannot_take_away_what_routes_or_frames(string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span)));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync($"POST /file HTTP/1.1\r\nHost: x\r\n{field}\r\nContent-Length: 4\r\n\r\nbody");

        Assert.Equal("body", (await client.ReadResponseAsync()).BodyText);
        var request = Assert.Single(origin.Requests);
        Assert.Equal((origin.Authority, "4", "127.0.0.1"), (request.Field("Host"), request.Field("Content-Length"), request.Field("X-Forwarded-For")));
        Assert.NotNull(request.Field("Via"));
    }

    [Fact]
    [Trait("Behaviour", "B41")]
    public async Task Trailers_of_a_request_are_dropped()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("200 OK", Wire.Text(exchange.Request.Body.Span)));
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(
            "POST /file HTTP/1.1\r\nHost: x\r\nTrailer: X-Late\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Late: 1\r\nContent-Length: 9\r\n\r\n");

        Assert.Equal("body", (await client.ReadResponseAsync()).BodyText);
        var request = Assert.Single(origin.Requests);
        Assert.All(["Trailer", "TE", "X-Late", "Content-Length"], name => Assert.Empty(request.Fields(name)));
    }

    [Theory]
    [Trait("Behaviour", "B41")]
    [InlineData("X-Accel-Expires: 0")]
    [InlineData("X-Accel-Buffering: no")]
    [InlineData("X-Accel-Redirect: /other")]
    [InlineData("CDN-Cache-Control: no-store")]
    [InlineData("Surrogate-Control: no-store")]
    [InlineData("X-Cache: BYPASS")]
    [InlineData("Cache-Status: pingora-slice; fwd=bypass")]
    [InlineData("Age: 100000")]
    [InlineData("Expires: 0")]
    [InlineData("Content-Range: bytes 0-3/4")]
    public async Task Client_that_speaks_like_an_origin_or_a_cache_is_not_heard(string field)
    {
        _file.ExtraFields = ["Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        Assert.Equal(TestContent.Bytes(0, 16, _file.Seed), (await proxy.GetAsync("/file", field)).Body);
        var hit = await proxy.GetAsync("/file", field);

        Assert.Equal(("HIT", 16L), (hit.Field("X-Cache"), hit.BodyBytes));
    }
}
