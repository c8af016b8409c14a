using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>A GET is fetched in slices, answered as one response, and answered again without the origin.</summary>
public sealed class SlicedGetTests
{
    private const string SixteenBytes = "0123456789abcdef";

    // An origin of literal bytes: 16 bytes of text, 2-byte slices, so that every boundary can be seen.
    private static Task AnswerAsync(OriginExchange exchange)
    {
        var (first, last) = exchange.Request.Range!.Value;
        int start = (int)first;
        int end = (int)Math.Min(last + 1, SixteenBytes.Length);
        return exchange.SendAsync(
            "HTTP/1.1 206 Partial Content\r\n"
            + "ETag: \"v1\"\r\n"
            + "Cache-Control: max-age=3600\r\n"
            + "Content-Type: text/plain\r\n"
            + $"Content-Range: bytes {start}-{end - 1}/16\r\n"
            + $"Content-Length: {end - start}\r\n\r\n"
            + SixteenBytes[start..end]);
    }

    [Fact]
    [Trait("Behaviour", "B1")]
    public async Task Get_of_unknown_object_is_fetched_slice_by_slice_and_answered_whole()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 2);

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal(SixteenBytes, response.BodyText);
        Assert.Equal("16", response.Field("Content-Length"));
        Assert.Equal("bytes", response.Field("Accept-Ranges"));
        Assert.Equal("\"v1\"", response.Field("ETag"));
        Assert.Equal("text/plain", response.Field("Content-Type"));
        Assert.Null(response.Field("Content-Range"));
        Assert.Equal("MISS", response.Field("X-Cache"));
        Assert.Equal(
            Enumerable.Range(0, 8).Select(slice => ((long)slice * 2, ((long)slice * 2) + 1)),
            origin.Requests.Select(request => request.Range!.Value).OrderBy(range => range.First));
    }

    [Fact]
    [Trait("Behaviour", "B1")]
    [Trait("Behaviour", "B30")]
    public async Task Second_get_is_answered_from_the_store_alone()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 2);
        await proxy.GetAsync("/file");
        int requestsWhenCold = origin.RequestCount;

        var response = await proxy.GetAsync("/file");

        Assert.Equal(SixteenBytes, response.BodyText);
        Assert.Equal("HIT", response.Field("X-Cache"));
        Assert.StartsWith("pingora-slice; hit; ttl=", response.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.NotNull(response.Field("Age"));
        Assert.Equal(requestsWhenCold, origin.RequestCount);
    }

    [Theory]
    [Trait("Behaviour", "B2")]
    [InlineData("bytes=0-0", "0", "bytes 0-0/16", 1)]
    [InlineData("bytes=1-2", "12", "bytes 1-2/16", 2)]
    [InlineData("bytes=2-3", "23", "bytes 2-3/16", 1)]
    [InlineData("bytes=3-8", "345678", "bytes 3-8/16", 4)]
    [InlineData("bytes=13-", "def", "bytes 13-15/16", 2)]
    [InlineData("bytes=15-99", "f", "bytes 15-15/16", 1)]
    [InlineData("bytes=0-", SixteenBytes, "bytes 0-15/16", 8)]
    [InlineData("BYTES=4-5", "45", "bytes 4-5/16", 1)]
    public async Task Cold_range_fetches_only_the_slices_it_touches(string range, string expected, string contentRange, int slices)
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 2);

        var response = await proxy.GetAsync("/file", "Range: " + range);

        Assert.Equal("HTTP/1.1 206 Partial Content", response.StatusLine);
        Assert.Equal(expected, response.BodyText);
        Assert.Equal(contentRange, response.Field("Content-Range"));
        Assert.Equal(slices, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B2")]
    public async Task Cold_suffix_range_learns_the_length_with_one_byte_and_fetches_its_slices()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        var response = await proxy.GetAsync("/file", "Range: bytes=-3");

        Assert.Equal("bytes 13-15/16", response.Field("Content-Range"));
        Assert.Equal("def", response.BodyText);
        Assert.Equal([(0L, 0L), (12L, 15L)], origin.Requests.Select(request => request.Range!.Value));
    }

    [Fact]
    [Trait("Behaviour", "B30")]
    public async Task Range_after_another_range_fetches_only_what_is_missing_and_says_partial()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/file", "Range: bytes=4-7");

        var response = await proxy.GetAsync("/file", "Range: bytes=2-9");

        Assert.Equal("23456789", response.BodyText);
        Assert.Equal("PARTIAL", response.Field("X-Cache"));
        Assert.EndsWith("slices=\"1/3\"", response.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal((4L, 7L), origin.Requests[0].Range!.Value);
        Assert.Equal([(0L, 3L), (8L, 11L)], origin.Requests.Skip(1).Select(request => request.Range!.Value).Order());
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Subrequests_after_the_first_pin_the_version_and_ask_for_identity()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 8);

        await proxy.GetAsync("/file", "If-None-Match: \"other\"", "Accept-Encoding: gzip", "User-Agent: tester");

        Assert.All(origin.Requests, request => Assert.Equal("identity", request.Field("Accept-Encoding")));
        Assert.All(origin.Requests, request => Assert.Null(request.Field("If-None-Match")));
        Assert.All(origin.Requests, request => Assert.Equal("tester", request.Field("User-Agent")));
        Assert.Equal([null, "\"v1\""], origin.Requests.Select(request => request.Field("If-Match")));
    }

    [Theory]
    [Trait("Behaviour", "B3")]
    [Trait("Behaviour", "B4")]
    [InlineData("bytes=16-")]
    [InlineData("bytes=9-5")]
    [InlineData("bytes=-0")]
    public async Task Unsatisfiable_range_of_a_stored_object_is_416_with_its_length(string range)
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/file");

        var response = await proxy.GetAsync("/file", "Range: " + range);

        Assert.Equal(416, response.StatusCode);
        Assert.Equal("bytes */16", response.Field("Content-Range"));
        Assert.Null(response.Field("ETag"));
    }

    [Fact]
    [Trait("Behaviour", "B6")]
    public async Task Head_of_a_stored_object_has_its_fields_and_no_body()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);
        await proxy.GetAsync("/file");
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync("HEAD /file HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1\r\n\r\n");
        var response = await client.ReadResponseAsync("HEAD");

        Assert.Equal(200, response.StatusCode);
        Assert.Equal("16", response.Field("Content-Length"));
        Assert.Equal(0, response.BodyBytes);
    }

    [Fact]
    [Trait("Behaviour", "B43")]
    public async Task Percent_encoded_and_plain_target_are_one_object()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        await proxy.GetAsync("/downloads/./x");

        var response = await proxy.GetAsync("/%64ownloads/x");

        Assert.Equal("HIT", response.Field("X-Cache"));
        Assert.Equal("/downloads/x", Assert.Single(origin.Requests).Target);
    }

    [Fact]
    public async Task Object_of_which_no_slice_was_needed_leaves_nothing_behind()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 2);

        // A suffix range asks for the length first; then the precondition needs no byte of the object.
        var response = await proxy.GetAsync("/file", "Range: bytes=-2", "If-None-Match: \"v1\"");

        Assert.Equal(304, response.StatusCode);
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_objects") == 0, () => "no record is left");
    }
}
