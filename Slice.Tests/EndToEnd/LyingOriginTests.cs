using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Answers that could put a byte in the wrong place are refused and never stored; answers that are merely unusual are used (B12 to B17).
/// </summary>
public sealed class LyingOriginTests
{
    private const string SixteenBytes = "0123456789abcdef";

    // What follows the status line and the right entity tag; {0} first, {1} last position asked for, {2} the bytes.
    public static TheoryData<string> Lies =>
    [
        // No Content-Range, an empty one, no number, another unit, an inverted range, two of them, one past its own length.
        "Content-Length: 4\r\n\r\n{2}",
        "Content-Range:\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Range: bytes a-b/16\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Range: octets {0}-{1}/16\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Range: bytes {1}-{0}/16\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Range: bytes {0}-{1}/16\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Range: bytes {0}-{1}/{1}\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Range: bytes */16\r\nContent-Length: 4\r\n\r\n{2}",

        // Another start, more than asked for, a body of another length than its range.
        "Content-Range: bytes 1-3/16\r\nContent-Length: 3\r\n\r\n123",
        "Content-Range: bytes 0-15/16\r\nContent-Length: 16\r\n\r\n0123456789abcdef",
        "Content-Range: bytes 8-15/16\r\nContent-Length: 8\r\n\r\n89abcdef",
        "Content-Range: bytes {0}-{1}/16\r\nContent-Length: 3\r\n\r\n012",
        "Content-Range: bytes {0}-{1}/16\r\nContent-Length: 5\r\n\r\n{2}!",
        "Content-Range: bytes {0}-{1}/16\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{2}!\r\n0\r\n\r\n",

        // Other bytes than those of the object.
        "Content-Type: multipart/byteranges; boundary=x\r\nContent-Length: 4\r\n\r\n{2}",
        "Content-Type: multipart/byteranges; boundary=x\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: 4\r\n\r\n{2}",
    ];

    [Theory]
    [MemberData(nameof(Lies))]
    [Trait("Behaviour", "B16")]
    [Trait("Behaviour", "B59")]
    public async Task Lie_in_the_first_answer_is_not_believed_and_the_clients_own_request_goes_out(string lie)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? exchange.RespondAsync("200 OK", SixteenBytes)
            : LieAsync(exchange, lie));
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(("HTTP/1.1 200 OK", SixteenBytes), (response.StatusLine, response.BodyText));
        await AssertHonestyIsServedAsync(origin, proxy);
    }

    [Theory]
    [MemberData(nameof(Lies))]
    [Trait("Behaviour", "B16")]
    public async Task Lie_to_a_client_that_asks_by_range_too_is_the_clients_own_answer(string lie)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? exchange.RespondAsync("403 Forbidden", "by range only")
            : LieAsync(exchange, lie));
        await using var proxy = await StartAsync(origin);

        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=0-3"));
        var response = await client.ReadEndingAsync();

        Assert.Equal("BYPASS", response.Field("X-Cache"));
        await AssertHonestyIsServedAsync(origin, proxy);
    }

    [Theory]
    [MemberData(nameof(Lies))]
    [Trait("Behaviour", "B16")]
    public async Task Lie_inside_the_object_is_an_abort_and_is_not_stored(string lie)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.Request.Range == (8L, 11L) ? LieAsync(exchange, lie) : AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);

        var response = await GetEndingAsync(proxy);

        Assert.Equal(ResponseEnding.CutByClose, response.Ending);
        Assert.StartsWith(response.BodyText, SixteenBytes, StringComparison.Ordinal);
        await AssertHonestyIsServedAsync(origin, proxy);
    }

    [Fact]
    [Trait("Behaviour", "B17")]
    public async Task Part_shorter_than_asked_for_is_used_and_the_rest_fetched()
    {
        var file = new RangeFile(20) { Fault = _ => new RangeFault { AtMostBytes = 3 } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 8, options => options with { MaxConcurrentSubrequests = 1 });

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 20, file.Seed), response.Body);
        Assert.Equal(
            [(0L, 7L), (3L, 7L), (6L, 7L), (8L, 15L), (11L, 15L), (14L, 15L), (16L, 19L), (19L, 19L)],
            origin.Requests.Select(request => request.Range!.Value));
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Fact]
    public async Task Part_without_content_length_is_used()
    {
        var file = new RangeFile(20) { Fault = _ => new RangeFault { IsChunked = true } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        Assert.Equal(TestContent.Bytes(0, 20, file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Equal("HIT", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    [Fact]
    [Trait("Behaviour", "B16")]
    public async Task Part_of_unknown_length_is_passed_through()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? exchange.RespondAsync("200 OK", SixteenBytes)
            : exchange.SendAsync(
                Fill("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {0}-{1}/*\r\nContent-Length: 4\r\n\r\n{2}", exchange.Request)));
        await using var proxy = await StartAsync(origin);

        var whole = await proxy.GetAsync("/file");
        var range = await proxy.GetAsync("/file", "Range: bytes=4-7");

        Assert.Equal(("HTTP/1.1 200 OK", SixteenBytes, "BYPASS"), (whole.StatusLine, whole.BodyText, whole.Field("X-Cache")));
        Assert.Equal((206, "bytes 4-7/*", "4567"), (range.StatusCode, range.Field("Content-Range"), range.BodyText));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Origin_without_ranges_streams_through_with_the_right_bytes(int maxRetries)
    {
        var file = new RangeFile(300_000) { SupportsRanges = false };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, 4096, options => options with { MaxRetries = maxRetries });
        using var sink = new VerifyingSink(file.Content);

        var response = await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default);

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal(file.LengthBytes, sink.Count);
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    public async Task Origin_that_stops_serving_ranges_streams_through_at_once()
    {
        var file = new RangeFile(64);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 16);
        await proxy.GetAsync("/file", "Range: bytes=0-0");
        file.SupportsRanges = false;

        var range = await proxy.GetAsync("/file", "Range: bytes=40-41");
        var whole = await proxy.GetAsync("/file");

        Assert.Equal((206, 200), (range.StatusCode, whole.StatusCode));
        Assert.Equal(TestContent.Bytes(40, 2, seed: 1), range.Body);
        Assert.Equal(TestContent.Bytes(0, 64, seed: 1), whole.Body);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task Content_length_of_a_chunked_body_means_nothing(string method)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 0; request < 2; request++)
        {
            await client.SendAsync(RawClient.Request(method, "/file"));
            var response = await client.ReadResponseAsync();
            Assert.Equal("abc", response.BodyText);
            Assert.Null(response.Field("Content-Length"));
        }
    }

    [Fact]
    [Trait("Behaviour", "B17")]
    public async Task Content_range_on_a_200_is_removed()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", SixteenBytes, "Content-Range: bytes 0-3/16", "ETag: \"v1\""));
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(SixteenBytes, response.BodyText);
        Assert.Null(response.Field("Content-Range"));
    }

    [Fact]
    [Trait("Behaviour", "B13")]
    public async Task Small_object_answered_200_is_one_slice_and_serves_ranges()
    {
        var file = new RangeFile(10) { SupportsRanges = false };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 16, options => options with { SlicePatterns = ["^/"] });

        var cold = await proxy.GetAsync("/file", "Range: bytes=2-5");
        var whole = await proxy.GetAsync("/file");
        var suffix = await proxy.GetAsync("/file", "Range: bytes=-3");

        Assert.Equal((206, "bytes 2-5/10"), (cold.StatusCode, cold.Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(2, 4, file.Seed), cold.Body);
        Assert.Equal(TestContent.Bytes(0, 10, file.Seed), whole.Body);
        Assert.Equal(TestContent.Bytes(7, 3, file.Seed), suffix.Body);
        Assert.Equal(1, origin.RequestCount);
    }

    [Theory]
    [InlineData("200 OK", "")]
    [InlineData("416 Range Not Satisfiable", "Content-Range: bytes */0")]
    [Trait("Behaviour", "B15")]
    public async Task Empty_object_is_200_of_no_bytes(string statusForRange, string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? exchange.RespondAsync("200 OK")
            : exchange.RespondAsync(statusForRange, "", field.Length == 0 ? [] : [field]));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        for (int request = 0; request < 2; request++)
        {
            await client.SendAsync(RawClient.Request("GET", "/file"));
            var response = await client.ReadResponseAsync();
            Assert.Equal(("HTTP/1.1 200 OK", "0"), (response.StatusLine, response.Field("Content-Length")));
        }
    }

    [Theory]
    [InlineData(8, 2)]
    [InlineData(9, 3)]
    [InlineData(7, 2)]
    [Trait("Behaviour", "B15")]
    public async Task Object_costs_exactly_its_number_of_slices(int lengthBytes, int slices)
    {
        var file = new RangeFile(lengthBytes);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        Assert.Equal(TestContent.Bytes(0, lengthBytes, file.Seed), (await proxy.GetAsync("/file")).Body);
        Assert.Equal(slices, origin.RequestCount);
    }

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri, sliceSizeBytes: 4, options => options with { MaxRetries = 0, MaxConcurrentSubrequests = 1 });

    private static async Task<RawResponse> GetEndingAsync(ProxyUnderTest proxy)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        return await client.ReadEndingAsync();
    }

    private static Task LieAsync(OriginExchange exchange, string lie) =>
        exchange.SendAsync("HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\n" + Fill(lie, exchange.Request));

    private static async Task AssertHonestyIsServedAsync(ScriptedOrigin origin, ProxyUnderTest proxy)
    {
        origin.Answer = AnswerAsync;
        Assert.Equal(SixteenBytes, (await proxy.GetAsync("/file")).BodyText);
    }

    private static Task AnswerAsync(OriginExchange exchange) => exchange.Request.Range is null
        ? exchange.RespondAsync("200 OK", SixteenBytes)
        : exchange.SendAsync(Fill(
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: 4\r\n\r\n{2}",
            exchange.Request));

    private static string Fill(string answer, OriginRequest request)
    {
        var (first, last) = request.Range!.Value;
        return answer
            .Replace("{0}", $"{first}", StringComparison.Ordinal)
            .Replace("{1}", $"{last}", StringComparison.Ordinal)
            .Replace("{2}", SixteenBytes[(int)first..(int)(last + 1)], StringComparison.Ordinal);
    }
}
