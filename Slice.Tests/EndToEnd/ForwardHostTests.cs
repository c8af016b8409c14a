using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>The client's Host goes to the origin, and separates objects, exactly when it is configured to (B35).</summary>
public sealed class ForwardHostTests
{
    // Two sites behind one origin: each has its own content.
    private readonly RangeFile _first = new(16, seed: 1);
    private readonly RangeFile _second = new(16, seed: 2);

    [Fact]
    public async Task Forwarded_host_reaches_the_origin_with_every_subrequest()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: true);

        await GetAsync(proxy, "first.example:8080", "/file");
        await RawClient.AskAsync(proxy.EndPoint, "POST / HTTP/1.1\r\nHost: first.example:8080\r\nContent-Length: 0\r\n\r\n");

        Assert.Equal(5, origin.RequestCount);
        Assert.All(origin.Requests, request => Assert.Equal(["first.example:8080"], request.Fields("Host")));
    }

    [Fact]
    [Trait("Behaviour", "B35")]
    public async Task Host_that_is_not_forwarded_is_the_origins_own_and_separates_nothing()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: false);

        await GetAsync(proxy, "first.example", "/file");
        var other = await GetAsync(proxy, "second.example", "/file");

        Assert.Equal("HIT", other.Field("X-Cache"));
        Assert.All(origin.Requests, request => Assert.Equal([origin.Authority], request.Fields("Host")));
    }

    [Fact]
    [Trait("Behaviour", "B35")]
    public async Task Forwarded_hosts_have_objects_of_their_own()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: true);

        for (int round = 0; round < 2; round++)
        {
            Assert.Equal(TestContent.Bytes(0, 16, seed: 1), (await GetAsync(proxy, "first.example", "/file")).Body);
            Assert.Equal(TestContent.Bytes(0, 16, seed: 2), (await GetAsync(proxy, "second.example", "/file")).Body);
        }

        Assert.Equal(8, origin.RequestCount);
    }

    [Fact]
    public async Task Forwarded_host_is_compared_without_regard_to_case()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: true);
        await GetAsync(proxy, "first.example", "/file");

        Assert.Equal("HIT", (await GetAsync(proxy, "FIRST.example", "/file")).Field("X-Cache"));
    }

    [Fact]
    public async Task Host_and_target_are_not_run_together()
    {
        // "a" + "/b/c" and "a/b" + "/c" would be one key; the second is no host, and ports are part of it.
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: true);
        await GetAsync(proxy, "first.example", "/1/file");

        Assert.Equal("MISS", (await GetAsync(proxy, "first.example:1", "/file")).Field("X-Cache"));
        Assert.Equal("MISS", (await GetAsync(proxy, "first.example", "/file")).Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B36")]
    public async Task Authority_of_an_absolute_target_wins_over_the_host_field()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: true);

        var response = await RawClient.AskAsync(proxy.EndPoint, "GET http://second.example/file HTTP/1.1\r\nHost: first.example\r\n\r\n");

        Assert.Equal(TestContent.Bytes(0, 16, seed: 2), response.Body);
        Assert.All(origin.Requests, request => Assert.Equal(("second.example", "/file"), (request.Field("Host"), request.Target)));
    }

    [Fact]
    public async Task Purge_takes_the_object_of_its_host_only()
    {
        await using var origin = StartOrigin();
        await using var proxy = await StartAsync(origin, forwardHost: true);
        await GetAsync(proxy, "first.example", "/file");
        await GetAsync(proxy, "second.example", "/file");

        using var client = await RawClient.ConnectAsync(proxy.AdminEndPoint);
        await client.SendAsync("PURGE /file HTTP/1.1\r\nHost: first.example\r\n\r\n");
        Assert.Equal(200, (await client.ReadResponseAsync()).StatusCode);

        Assert.Equal("MISS", (await GetAsync(proxy, "first.example", "/file")).Field("X-Cache"));
        Assert.Equal("HIT", (await GetAsync(proxy, "second.example", "/file")).Field("X-Cache"));
    }

    [Fact]
    public async Task Patterns_see_the_path_without_the_host()
    {
        await using var origin = StartOrigin();
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 4,
            options => options with { ForwardHost = true, SlicePatterns = ["^/big/"], CacheUnsliced = false });

        Assert.Equal("BYPASS", (await GetAsync(proxy, "first.example", "/file")).Field("X-Cache"));
        Assert.Equal("MISS", (await GetAsync(proxy, "first.example", "/big/file")).Field("X-Cache"));
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, bool forwardHost) => ProxyUnderTest.StartAsync(
        origin.Uri, sliceSizeBytes: 4, options => options with { ForwardHost = forwardHost });

    private static Task<RawResponse> GetAsync(ProxyUnderTest proxy, string host, string target) =>
        RawClient.AskAsync(proxy.EndPoint, $"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");

    private ScriptedOrigin StartOrigin() => ScriptedOrigin.Start(exchange =>
        exchange.Request.Field("Host")!.StartsWith("second.", StringComparison.Ordinal)
            ? _second.AnswerAsync(exchange)
            : _first.AnswerAsync(exchange));
}
