using System.Globalization;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Origins that give the beginning of an object in parts, the rest of it never, and the whole to who asks for that: a download is not cut
/// where the whole may go on with it, and no second one is (B59).
/// </summary>
[Trait("Behaviour", "B59")]
public sealed class RefusedPartTests
{
    private const int SliceBytes = 4;
    private const int FirstRefused = 2;
    private const string Text = "0123456789abcdefghi";

    private string _tag = "\"v1\"";

    // Answers to a part from {0} to {1}, of {2} bytes, after which the connection ends. None of them says that the object is another.
    public static TheoryData<string> AnswersAboutThePart =>
    [
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: {2}\r\n\r\nxxxx",
        "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-3/19\r\nContent-Length: 4\r\n\r\n0123",
        "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Length: 4\r\n\r\n--x-",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HELLO\r\n\r\n",
        "",
    ];

    // The same of answers that say so by a status, or by nothing that could be compared.
    public static TheoryData<string> AnswersAboutTheObject =>
    [
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ];

    [Theory]
    [MemberData(nameof(AnswersAboutThePart))]
    public async Task Download_goes_on_with_the_whole_and_the_next_ones_need_no_origin(string answer)
    {
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, answer));
        await using var proxy = await StartAsync(origin);

        var first = await proxy.GetAsync("/d/file");
        int asked = origin.RequestCount;
        var second = await proxy.GetAsync("/d/file");
        var range = await proxy.GetAsync("/d/file", "Range: bytes=9-13");

        Assert.All([first, second], response => Assert.Equal((200, Text), (response.StatusCode, response.BodyText)));
        Assert.Equal((206, Text[9..14], asked), (range.StatusCode, range.BodyText, origin.RequestCount));
        Assert.Contains(proxy.Log, line => line.Contains("slicing_suspended", StringComparison.Ordinal));
    }

    // B25: bytes of a weak version are not joined, and B19, B24: what two answers say of the object is so, for those who read it.
    [Theory]
    [MemberData(nameof(AnswersAboutTheObject))]
    [MemberData(nameof(AnswersAboutThePart))]
    public async Task Download_that_is_cut_is_cut_once(string answer)
    {
        _tag = AnswersAboutThePart.Any(row => row.Data == answer) ? "W/\"v1\"" : _tag;
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, answer));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/d/file"));
        var cut = await client.ReadEndingAsync();
        var second = await proxy.GetAsync("/d/file");
        var range = await proxy.GetAsync("/d/file", "Range: bytes=9-13");

        Assert.Equal((ResponseEnding.CutByClose, Text[..(FirstRefused * SliceBytes)]), (cut.Ending, cut.BodyText));
        Assert.Equal((200, Text), (second.StatusCode, second.BodyText));
        Assert.Equal((206, Text[9..14], "HIT"), (range.StatusCode, range.BodyText, range.Field("X-Cache")));
    }

    // A body that breaks off once, with all its repeats, may do so by chance.
    [Fact]
    public async Task Part_that_breaks_off_without_a_byte_is_had_with_the_whole_the_second_time()
    {
        const string Head =
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {0}-{1}/19\r\nContent-Length: {2}\r\n\r\n";
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, Head));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/d/file"));
        Assert.Equal(ResponseEnding.CutByClose, (await client.ReadEndingAsync()).Ending);
        Assert.DoesNotContain(origin.Requests, request => request.Range is null);

        var second = await proxy.GetAsync("/d/file");

        Assert.Equal((200, Text), (second.StatusCode, second.BodyText));
    }

    // One range of a large file must not cost all that is before it.
    [Fact]
    public async Task Part_far_inside_is_cut_and_the_next_request_is_the_clients_own()
    {
        await using var origin = ScriptedOrigin.Start(exchange => AnswerAsync(exchange, "HTTP/1.1 403 Forbidden\r\n\r\n"));
        await using var proxy = await StartAsync(origin, options => options with { FillWholeBytes = (FirstRefused * SliceBytes) - 1 });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/d/file"));
        Assert.Equal(ResponseEnding.CutByClose, (await client.ReadEndingAsync()).Ending);
        var range = await proxy.GetAsync("/d/file", "Range: bytes=9-13", "X-Mine: yes");
        var stored = await proxy.GetAsync("/d/file", "Range: bytes=1-6");

        Assert.Equal(403, range.StatusCode);
        Assert.Equal(("yes", "bytes=9-13"), (origin.Requests[^1].Field("X-Mine"), origin.Requests[^1].Field("Range")));
        Assert.Equal((206, Text[1..7], "HIT"), (stored.StatusCode, stored.BodyText, stored.Field("X-Cache")));
        Assert.Equal(Text, (await proxy.GetAsync("/d/file")).BodyText);
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Whole_of_another_version_is_not_joined_and_takes_the_place()
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            bool isRefused = exchange.Request.Range?.First >= FirstRefused * SliceBytes;
            _tag = isRefused ? "\"v2\"" : _tag;
            return AnswerAsync(exchange, "HTTP/1.1 403 Forbidden\r\n\r\n");
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/d/file"));
        var cut = await client.ReadEndingAsync();

        Assert.Equal((ResponseEnding.CutByClose, Text[..(FirstRefused * SliceBytes)]), (cut.Ending, cut.BodyText));
        Assert.Equal("\"v2\"", (await proxy.GetAsync("/d/file", "Range: bytes=0-1")).Field("ETag"));
    }

    // Where the whole is refused as well, the refusal has nothing to do with parts.
    [Fact]
    [Trait("Behaviour", "B51")]
    public async Task What_one_client_is_refused_does_not_keep_others_from_slices()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("User-Agent") == "odd"
            ? exchange.RespondAsync("403 Forbidden", "not you")
            : AnswerWellAsync(exchange));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/d/file", "Range: bytes=0-0");

        Assert.Equal(403, (await proxy.GetAsync("/d/file", "Range: bytes=9-13", "User-Agent: odd")).StatusCode);
        var other = await proxy.GetAsync("/d/file");

        Assert.Equal((200, Text), (other.StatusCode, other.BodyText));
        Assert.NotNull(origin.Requests[^1].Range);
        Assert.DoesNotContain(proxy.Log, line => line.Contains("slicing_suspended", StringComparison.Ordinal));
    }

    // Of unstated length: what is needed is taken from it, and its end tells whether it was whole.
    [Theory]
    [InlineData("Transfer-Encoding: chunked", false, true)]
    [InlineData("Connection: close", false, true)]
    [InlineData("Transfer-Encoding: chunked", true, true)]
    [InlineData("Connection: close", true, true)]
    [InlineData("Transfer-Encoding: chunked", false, false)]
    [InlineData("Connection: close", false, false)]
    [Trait("Behaviour", "B60")]
    public async Task Whole_of_unstated_length_in_place_of_a_part_is_used(string framing, bool isLonger, bool isStored)
    {
        int sliceBytes = isStored ? SliceBytes : 64 << 10;
        string text = isStored ? Text : string.Concat(Enumerable.Range(0, sliceBytes).Select(n => $"{n % 10000:D4}"))[..(sliceBytes * 3)];
        string body = text + (isLonger ? "!" : "");
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Range is { First: var first } && first < sliceBytes)
            {
                await exchange.RespondAsync(
                    "206 Partial Content", text[..sliceBytes], $"ETag: {_tag}", $"Content-Range: bytes 0-{sliceBytes - 1}/{text.Length}");
                return;
            }

            bool isChunked = framing.StartsWith('T');
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nETag: {_tag}\r\n{framing}\r\n\r\n");
            await exchange.SendAsync(isChunked ? $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n" : body);
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin, sliceBytes: sliceBytes, store: isStored ? null : 1 << 20);
        await proxy.GetAsync("/d/file", "Range: bytes=0-0");
        List<SliceReservation> taken = [];
        while (!isStored && await proxy.Composition.Store.ReserveAsync(sliceBytes) is { } reservation)
        {
            taken.Add(reservation);
        }

        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/d/file"));
        var response = await client.ReadEndingAsync();

        taken.ForEach(reservation => reservation.Slice.Release());
        Assert.Equal(isLonger ? ResponseEnding.CutByClose : ResponseEnding.Complete, response.Ending);
        Assert.StartsWith(response.BodyText, text, StringComparison.Ordinal);
        Assert.Equal(isLonger, response.BodyText.Length < text.Length);
    }

    private static Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? change = null, int sliceBytes = SliceBytes, int? store = null) =>
        ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceBytes,
            options => (change ?? (same => same))(options with
            {
                MaxRetries = 0,
                MaxConcurrentSubrequests = 1,
                SlicePatterns = ["^/d/"],
                Store = store is { } bytes ? new CacheStoreOptions { MemorySizeBytes = bytes } : options.Store,
            }));

    private async Task AnswerAsync(OriginExchange exchange, string answer)
    {
        if (exchange.Request.Range is not { First: >= FirstRefused * SliceBytes and var first, Last: var last })
        {
            await AnswerWellAsync(exchange);
            return;
        }

        last = Math.Min(last, Text.Length - 1);
        await exchange.SendAsync(string.Format(CultureInfo.InvariantCulture, answer, first, last, last - first + 1));
        await exchange.CloseAsync();
    }

    private Task AnswerWellAsync(OriginExchange exchange)
    {
        string[] fields = [$"ETag: {_tag}", "Cache-Control: max-age=600"];
        if (exchange.Request.Range is not { } range)
        {
            return exchange.RespondAsync("200 OK", Text, fields);
        }

        int last = (int)Math.Min(range.Last, Text.Length - 1);
        return exchange.RespondAsync(
            "206 Partial Content",
            Text[(int)range.First..(last + 1)],
            [.. fields, $"Content-Range: bytes {range.First}-{last}/{Text.Length}"]);
    }
}
