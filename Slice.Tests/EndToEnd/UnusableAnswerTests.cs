using System.Globalization;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Origins that cannot be asked by range, and give a client the object: so do we, and remember that for the object and its directory (B59).
/// </summary>
[Trait("Behaviour", "B59")]
public sealed class UnusableAnswerTests
{
    private const string SixteenBytes = "0123456789abcdef";

    // Heads of a 206 to {0}-{1} that is of no use, and of a 200 that is a part.
    public static TheoryData<string> UnusableParts =>
    [
        "206 Partial Content\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes={0}-{1}/16\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes 8-11/16\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes {0}-15/16\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: 3",
        "206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes */16\r\nContent-Length: {2}",
        "304 Not Modified\r\nX-Rest: no body",
    ];

    public static TheoryData<string> Refusals =>
    [
        "400 Bad Request", "402 Payment Required", "403 Forbidden", "405 Method Not Allowed", "406 Not Acceptable", "411 Length Required",
        "412 Precondition Failed", "413 Content Too Large", "415 Unsupported Media Type", "417 Expectation Failed",
        "422 Unprocessable Content", "431 Request Header Fields Too Large", "494 Odd", "501 Not Implemented", "505 Not Supported",
    ];

    [Theory]
    [MemberData(nameof(UnusableParts))]
    public async Task Clients_own_request_goes_out_and_the_next_one_asks_for_the_whole(string partHead)
    {
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, partHead));
        await using var proxy = await StartAsync(origin);

        bool isUseless = !partHead.StartsWith("304", StringComparison.Ordinal);

        var first = await proxy.GetAsync("/d/file", "X-Mine: yes", "Accept-Encoding: br");
        if (isUseless)
        {
            await IsRememberedAsync(proxy);
        }

        var second = await proxy.GetAsync("/d/file");
        await IsRememberedAsync(proxy);
        var range = await proxy.GetAsync("/d/file", "Range: bytes=6-9");

        Assert.Equal(("HTTP/1.1 200 OK", SixteenBytes, "BYPASS"), (first.StatusLine, first.BodyText, first.Field("X-Cache")));
        if (isUseless)
        {
            Assert.EndsWith("detail=unusable", first.Field("Cache-Status"), StringComparison.Ordinal);
            Assert.Equal(["yes", null], origin.Requests.Where(request => request.Range is null).Select(request => request.Field("X-Mine")));
        }

        Assert.Equal(("HTTP/1.1 200 OK", SixteenBytes), (second.StatusLine, second.BodyText));
        Assert.Equal((206, "6789", "HIT"), (range.StatusCode, range.BodyText, range.Field("X-Cache")));
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Range_that_is_refused_is_asked_for_without_and_the_whole_is_kept(string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? AnswerWholeAsync(exchange)
            : exchange.RespondAsync(status, "no", "Cache-Control: public, max-age=600"));
        await using var proxy = await StartAsync(origin);

        var first = await proxy.GetAsync("/d/file");
        var range = await proxy.GetAsync("/d/file", "Range: bytes=6-9");
        int asked = origin.RequestCount;
        var inside = await proxy.GetAsync("/d/other", "Range: bytes=12-13");

        Assert.Equal((200, SixteenBytes), (first.StatusCode, first.BodyText));
        Assert.Equal((206, "6789", "HIT"), (range.StatusCode, range.BodyText, range.Field("X-Cache")));
        Assert.Equal(2, asked);
        Assert.Equal((206, "cd"), (inside.StatusCode, inside.BodyText));
    }

    // What is about the object, who asks, or the moment is told at once.
    [Theory]
    [InlineData("401 Unauthorized")]
    [InlineData("404 Not Found")]
    [InlineData("410 Gone")]
    [InlineData("429 Too Many Requests")]
    [InlineData("451 Unavailable For Legal Reasons")]
    [InlineData("301 Moved Permanently")]
    public async Task Answer_that_is_not_about_the_range_is_told_at_once(string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(status, "no"));
        await using var proxy = await StartAsync(origin);

        Assert.Equal("HTTP/1.1 " + status, (await proxy.GetAsync("/d/file")).StatusLine);
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    public async Task Refusal_of_everything_is_told_as_it_is_and_not_remembered()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync("403 Forbidden", "not you"));
        await using var proxy = await StartAsync(origin);

        var refused = await proxy.GetAsync("/d/file");
        await proxy.GetAsync("/d/file");

        Assert.Equal(("HTTP/1.1 403 Forbidden", "not you"), (refused.StatusLine, refused.BodyText));
        Assert.Equal([true, false, true, false], origin.Requests.Select(request => request.Range is not null));
        Assert.DoesNotContain(proxy.Log, line => line.Contains("slicing_suspended", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n0123")]
    public async Task Connection_that_ends_at_every_range_does_not_cost_the_client_the_object(string bytes)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Range is null)
            {
                await AnswerWholeAsync(exchange);
                return;
            }

            await exchange.SendAsync(bytes);
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/d/file");

        Assert.Equal((200, SixteenBytes), (response.StatusCode, response.BodyText));
        Assert.DoesNotContain(proxy.Log, line => line.Contains("slicing_suspended", StringComparison.Ordinal));
    }

    [Fact]
    public async Task First_notice_of_an_object_and_of_a_directory_is_a_line_and_counts()
    {
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, "206 Partial Content\r\nContent-Length: {2}"));
        await using var proxy = await StartAsync(origin);

        for (int file = 0; file < 4; file++)
        {
            await proxy.GetAsync($"/d/{file}");
            await proxy.GetAsync($"/d/{file}?again");
        }

        int asked = origin.RequestCount;
        var unseen = await proxy.GetAsync("/d/unseen");
        var range = await proxy.GetAsync("/d/another", "Range: bytes=2-3");

        Assert.Equal(SixteenBytes, unseen.BodyText);
        Assert.Equal([null, "bytes=2-3"], origin.Requests.Skip(asked).Select(request => request.Field("Range")));
        Assert.EndsWith("detail=not-sliced-lately", range.Field("Cache-Status"), StringComparison.Ordinal);
        string line = Assert.Single(proxy.Log, line => line.Contains(": /d/ ", StringComparison.Ordinal));
        Assert.StartsWith("Warning slicing_suspended ", line, StringComparison.Ordinal);
        Assert.Single(proxy.Log, line => line.Contains("slicing_suspended", StringComparison.Ordinal)
            && line.Contains(": /d/0 ", StringComparison.Ordinal));
        string metrics = (await RawClient.GetAsync(proxy.AdminEndPoint, "/metrics")).BodyText;
        Assert.Contains("pingora_slice_slicing_suspended_total{scope=\"directory\"} 1\n", metrics, StringComparison.Ordinal);
    }

    // A file that somebody else found to be bad at ranges is a file all the same: what a client says about itself stays out of the request,
    // and the whole serves everybody.
    [Theory]
    [Trait("Behaviour", "B50")]
    [InlineData("Cookie: session=1")]
    [InlineData("Authorization: Basic eA==")]
    [InlineData("X-Mine: yes")]
    public async Task Object_that_is_asked_for_as_a_whole_is_shared_by_clients_with_fields_of_their_own(string field)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is null
            ? AnswerWholeAsync(exchange)
            : exchange.RespondAsync("403 Forbidden", "no ranges"));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/d/file");
        int asked = origin.RequestCount;

        var again = await proxy.GetAsync("/d/file", "Cache-Control: no-cache", field);
        var stored = await proxy.GetAsync("/d/file", "X-Other: 1");

        Assert.Equal([null], origin.Requests.Skip(asked).Select(request => request.Field(field.Split(':')[0])));
        Assert.Equal((200, SixteenBytes), (again.StatusCode, again.BodyText));
        Assert.Equal((200, SixteenBytes, "HIT"), (stored.StatusCode, stored.BodyText, stored.Field("X-Cache")));
    }

    // B51: the origin answers oddly to what only this client sends.
    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task What_one_clients_own_fields_cause_does_not_keep_others_from_slices()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Authorization") is null
            ? exchange.Request.Field("X-Stranger") is null && exchange.Request.Range is not null && exchange.Request.Target == "/d/private"
                ? exchange.RespondAsync("401 Unauthorized", "who?")
                : AnswerRangeAsync(exchange)
            : AnswerAsync(exchange, "206 Partial Content\r\nContent-Length: {2}"));
        await using var proxy = await StartAsync(origin);

        var own = await proxy.GetAsync("/d/private", "Authorization: Basic eA==");
        var other = await proxy.GetAsync("/d/file");

        Assert.Equal((200, SixteenBytes), (own.StatusCode, own.BodyText));
        Assert.Equal((200, SixteenBytes), (other.StatusCode, other.BodyText));
        Assert.DoesNotContain(proxy.Log, line => line.Contains("slicing_suspended", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Content-Range: bytes {0}-{1}/16")]
    [InlineData("Content-Range: bytes {0}-{1}/*")]
    [Trait("Behaviour", "B17")]
    public async Task Part_with_status_200_is_never_the_whole(string contentRange)
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => AnswerAsync(exchange, $"200 OK\r\nETag: \"v1\"\r\n{contentRange}\r\nContent-Length: {{2}}"));
        await using var proxy = await StartAsync(origin);

        var whole = await proxy.GetAsync("/d/file");
        var again = await proxy.GetAsync("/d/file");
        var range = await proxy.GetAsync("/d/file", "Range: bytes=9-");
        var cold = await proxy.GetAsync("/d/cold", "Range: bytes=9-12");

        Assert.All([whole, again], response => Assert.Equal((200, SixteenBytes), (response.StatusCode, response.BodyText)));
        Assert.All([whole, again], response => Assert.Null(response.Field("Content-Range")));
        Assert.Equal((206, "9abcdef"), (range.StatusCode, range.BodyText));
        Assert.Equal((206, "9abc"), (cold.StatusCode, cold.BodyText));
    }

    // What the client would get without us; it must be able to tell.
    [Fact]
    [Trait("Behaviour", "B17")]
    public async Task Part_with_status_200_in_answer_to_a_clients_own_range_keeps_its_content_range()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => AnswerAsync(exchange, "200 OK\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: {2}"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { SlicePatterns = ["^/sliced/"] });

        var response = await proxy.GetAsync("/page", "Range: bytes=9-12");

        Assert.Equal((200, "bytes 9-12/16", "9abc"), (response.StatusCode, response.Field("Content-Range"), response.BodyText));
    }

    [Fact]
    public async Task Unusable_answer_to_a_validation_leaves_what_is_stored()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-1));
        var file = new RangeFile(16) { ExtraFields = ["Cache-Control: max-age=60"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, 4, options => options with { MaxRetries = 0, SlicePatterns = ["^/"] }, time);
        await proxy.GetAsync("/file");
        long sent = file.ContentBytesSent;
        time.Advance(TimeSpan.FromSeconds(61));
        origin.Answer = exchange => exchange.Request.Range is null
            ? exchange.RespondAsync("200 OK", "own answer")
            : exchange.RespondAsync("206 Partial Content", "0123");

        var odd = await proxy.GetAsync("/file");
        origin.Answer = file.AnswerAsync;
        var confirmed = await proxy.GetAsync("/file");

        Assert.Equal("own answer", odd.BodyText);
        Assert.Equal(TestContent.Bytes(0, 16, file.Seed), confirmed.Body);
        Assert.Equal(sent, file.ContentBytesSent);
    }

    // The client has its answer a moment before that is remembered.
    private static Task IsRememberedAsync(ProxyUnderTest proxy) => Eventually.TrueAsync(
        () => proxy.Log.Any(line => line.Contains("are of no use", StringComparison.Ordinal)), "the path is remembered");

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceSizeBytes: 4,
        options => options with { MaxRetries = 0, MaxConcurrentSubrequests = 1, SlicePatterns = ["^/d/"] });

    private static Task AnswerAsync(OriginExchange exchange, string partHead)
    {
        if (exchange.Request.Range is not { } range)
        {
            return AnswerWholeAsync(exchange);
        }

        string part = SixteenBytes[(int)range.First..(int)Math.Min(16, range.Last + 1)];
        string head = string.Format(CultureInfo.InvariantCulture, partHead, range.First, range.First + part.Length - 1, part.Length);
        return exchange.SendAsync($"HTTP/1.1 {head}\r\n\r\n{(head.StartsWith("304", StringComparison.Ordinal) ? "" : part)}");
    }

    private static Task AnswerRangeAsync(OriginExchange exchange) =>
        AnswerAsync(exchange, "206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {0}-{1}/16\r\nContent-Length: {2}");

    private static Task AnswerWholeAsync(OriginExchange exchange) =>
        exchange.RespondAsync("200 OK", SixteenBytes, "ETag: \"v1\"", "Cache-Control: max-age=600");
}
