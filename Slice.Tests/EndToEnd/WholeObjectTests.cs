using Microsoft.Extensions.Time.Testing;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Objects that come as one body: an origin without ranges, a page outside the sliced paths, an error. One store, one freshness logic.
/// </summary>
public sealed class WholeObjectTests
{
    private const int LengthBytes = 64;
    private const int SliceBytes = 16;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { SupportsRanges = false };

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Object_of_an_origin_without_ranges_is_fetched_once_and_then_answers_ranges()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var whole = await proxy.GetAsync("/file");
        var range = await proxy.GetAsync("/file", "Range: bytes=30-40");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), whole.Body);
        Assert.Equal((206, "bytes 30-40/64", "HIT"), (range.StatusCode, range.Field("Content-Range"), range.Field("X-Cache")));
        Assert.Equal(TestContent.Bytes(30, 11, _file.Seed), range.Body);
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Client_that_asked_for_a_range_of_an_origin_without_ranges_gets_its_range()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var range = await proxy.GetAsync("/file", "Range: bytes=50-");
        var suffix = await proxy.GetAsync("/other", "Range: bytes=-3");

        Assert.Equal((206, "bytes 50-63/64"), (range.StatusCode, range.Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(50, 14, _file.Seed), range.Body);
        Assert.Equal(TestContent.Bytes(61, 3, _file.Seed), suffix.Body);
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task Answer_streams_through_at_once_and_others_follow_it()
    {
        var goOn = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {LengthBytes}\r\n\r\n");
            await exchange.SendAsync(TestContent.Bytes(0, 20, _file.Seed));
            await exchange.WaitAsync(goOn.Task);
            await exchange.SendAsync(TestContent.Bytes(20, LengthBytes - 20, _file.Seed));
        });
        await using var proxy = await StartAsync(origin);
        using var first = await RawClient.ConnectAsync(proxy.EndPoint);
        await first.SendAsync(RawClient.Request("GET", "/file"));
        await first.ReadHeadAsync();
        byte[] begun = await first.ReadBytesAsync(20);

        using var second = await RawClient.ConnectAsync(proxy.EndPoint);
        await second.SendAsync(RawClient.Request("GET", "/file"));
        await second.ReadHeadAsync();
        byte[] followed = await second.ReadBytesAsync(20);
        goOn.SetResult();

        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), begun.Concat(await first.ReadBytesAsync(LengthBytes - 20)));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), followed.Concat(await second.ReadBytesAsync(LengthBytes - 20)));
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Fifty_clients_of_an_origin_without_ranges_cost_it_one_request()
    {
        var big = new RangeFile(1 << 20) { SupportsRanges = false };
        await using var origin = ScriptedOrigin.Start(big.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 64 << 10, NameAll);

        var sinks = Enumerable.Range(0, 50).Select(_ => new VerifyingSink(big.Content)).ToArray();
        await Task.WhenAll(sinks.Select(sink => RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", sink, Deadline.Default)));

        Assert.All(sinks, sink => Assert.Equal(big.LengthBytes, sink.Count));
        Assert.Equal(1, origin.RequestCount);
        foreach (var sink in sinks)
        {
            sink.Dispose();
        }
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    [Trait("Behaviour", "B24")]
    public async Task Reader_that_fell_behind_a_small_store_reads_on_from_the_origin()
    {
        var big = new RangeFile(7 << 20) { SupportsRanges = false };
        await using var origin = ScriptedOrigin.Start(big.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 1 << 20, options => options with { Store = options.Store with { MemorySizeBytes = 16 << 20 } });
        using var slow = await RawClient.ConnectAsync(proxy.EndPoint, receiveBufferBytes: 4 << 10);
        await slow.SendAsync(RawClient.Request("GET", "/file"));
        await slow.ReadHeadAsync();

        // One that reads at full speed takes the fill to its end; others then push its slices out.
        using var fast = new VerifyingSink(big.Content);
        await RawClient.GetVerifiedAsync(proxy.EndPoint, "/file", fast, Deadline.Default);
        foreach (string target in new[] { "/a", "/b", "/c" })
        {
            using var other = new VerifyingSink(big.Content);
            await RawClient.GetVerifiedAsync(proxy.EndPoint, target, other, Deadline.Default);
        }

        using var slowSink = new VerifyingSink(big.Content);
        slowSink.Append(await slow.ReadBytesAsync((int)big.LengthBytes));
        Assert.Equal(big.LengthBytes, slowSink.Count);
    }

    [Fact]
    [Trait("Behaviour", "B33")]
    public async Task Fill_that_nobody_reads_any_more_ends_and_leaves_nothing_half()
    {
        var originSawTheEnd = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Number > 1)
            {
                await _file.AnswerAsync(exchange);
                return;
            }

            // The window of the client: four slices. The rest is never asked for.
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 1000000\r\n\r\n");
            await exchange.SendAsync(TestContent.Bytes(0, 4 * SliceBytes, _file.Seed));
            await exchange.ClientClosedAsync();
            originSawTheEnd.SetResult();
        });
        await using var proxy = await StartAsync(
            origin, options => NameAll(options) with { MaxConcurrentSubrequests = 1, FillWholeBytes = 0 });
        using (var client = await RawClient.ConnectAsync(proxy.EndPoint))
        {
            await client.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=0-3"));
            Assert.Equal(206, (await client.ReadResponseAsync()).StatusCode);
        }

        await Deadline.WithinAsync(originSawTheEnd.Task, "the origin's connection to end");
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), (await proxy.GetAsync("/file")).Body);
    }

    [Fact]
    [Trait("Behaviour", "B18")]
    public async Task Whole_body_that_breaks_off_is_never_complete_and_never_stored()
    {
        bool breaks = true;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (!breaks)
            {
                await _file.AnswerAsync(exchange);
                return;
            }

            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {LengthBytes}\r\n\r\n");
            await exchange.SendAsync(TestContent.Bytes(0, 40, _file.Seed));
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));

        var broken = await client.ReadEndingAsync();
        breaks = false;
        var again = await proxy.GetAsync("/file");

        Assert.True(broken.StatusCode == 502 || broken.Ending != ResponseEnding.Complete, $"{broken.StatusLine} {broken.Ending}");
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), again.Body);
    }

    [Fact]
    [Trait("Behaviour", "B22")]
    public async Task Chunked_answer_streams_through_and_is_stored_when_complete()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\n15\r\n, this is a long body\r\n0\r\n\r\n"));
        await using var proxy = await StartAsync(origin);

        var first = await proxy.GetAsync("/page");
        var second = await proxy.GetAsync("/page", "Range: bytes=7-10");

        Assert.Equal(
            ("chunked", "MISS", "hello, this is a long body"), (first.Field("Transfer-Encoding"), first.Field("X-Cache"), first.BodyText));
        Assert.Equal(
            (206, "bytes 7-10/26", "this", "HIT"),
            (second.StatusCode, second.Field("Content-Range"), second.BodyText, second.Field("X-Cache")));
        Assert.Equal(1, origin.RequestCount);
    }

    [Theory]
    [InlineData("5\r\nhello\r\n")]
    [InlineData("5\r\nhello\r\n0\r\n")]
    [InlineData("5\r\nhel")]
    [Trait("Behaviour", "B22")]
    public async Task Chunked_answer_that_breaks_off_is_not_stored(string body)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n" + body);
            await exchange.CloseAsync();
        });
        await using var proxy = await StartAsync(origin);
        for (int request = 1; request <= 2; request++)
        {
            using var client = await RawClient.ConnectAsync(proxy.EndPoint);
            await client.SendAsync(RawClient.Request("GET", "/page"));
            Assert.NotEqual(ResponseEnding.Complete, (await client.ReadEndingAsync()).Ending);
            Assert.Equal(request, origin.RequestCount);
        }
    }

    [Fact]
    [Trait("Behaviour", "B32")]
    public async Task Client_that_comes_while_a_chunked_answer_is_recorded_waits_for_it()
    {
        var goOn = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            await exchange.WaitAsync(goOn.Task);
            await exchange.SendAsync("0\r\n\r\n");
        });

        // Joins while the origin has not answered: what comes later finds nothing in flight.
        await using var proxy = await StartAsync(origin);
        var clients = Enumerable.Range(0, 10).Select(_ => proxy.GetAsync("/page")).ToArray();
        await origin.RequestsArrivedAsync(1);
        goOn.SetResult();

        Assert.All(await Task.WhenAll(clients), response => Assert.Equal("hello", response.BodyText));
        Assert.InRange(origin.RequestCount, 1, 10);
    }

    [Theory]
    [InlineData("404 Not Found")]
    [InlineData("410 Gone")]
    [Trait("Behaviour", "B19")]
    public async Task Missing_object_is_kept_for_a_short_time(string status)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.RespondAsync(status, "nothing here"));
        await using var proxy = await StartAsync(origin);

        var first = await proxy.GetAsync("/file");
        var second = await proxy.GetAsync("/file", "Range: bytes=0-3", "If-None-Match: *");
        _time.Advance(TimeSpan.FromSeconds(11));
        var third = await proxy.GetAsync("/file");

        Assert.All(
            [first, second, third],
            response => Assert.Equal(("HTTP/1.1 " + status, "nothing here"), (response.StatusLine, response.BodyText)));
        Assert.Equal(["MISS", "HIT", "MISS"], [first.Field("X-Cache"), second.Field("X-Cache"), third.Field("X-Cache")]);
        Assert.Equal(2, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B19")]
    public async Task Redirect_is_passed_through_and_kept_as_long_as_it_says()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Target == "/moved"
            ? exchange.RespondAsync("301 Moved Permanently", "", "Location: /file")
            : exchange.RespondAsync("302 Found", "", "Location: /file"));
        await using var proxy = await StartAsync(origin);

        foreach (string target in new[] { "/moved", "/moved", "/found", "/found" })
        {
            var response = await proxy.GetAsync(target);
            Assert.Equal(("/file", "0"), (response.Field("Location"), response.Field("Content-Length")));
        }

        Assert.Equal(["/moved", "/found", "/found"], origin.Requests.Select(request => request.Target));
    }

    [Fact]
    [Trait("Behaviour", "B13")]
    public async Task Small_object_answered_200_is_one_short_slice()
    {
        var small = new RangeFile(5) { SupportsRanges = false };
        await using var origin = ScriptedOrigin.Start(small.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var range = await proxy.GetAsync("/file", "Range: bytes=1-2");
        var whole = await proxy.GetAsync("/file");

        Assert.Equal((206, "bytes 1-2/5"), (range.StatusCode, range.Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(1, 2, small.Seed), range.Body);
        Assert.Equal((200, "HIT"), (whole.StatusCode, whole.Field("X-Cache")));
        Assert.Equal(1, origin.RequestCount);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1)]
    [InlineData("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */0\r\nContent-Length: 0\r\n\r\n", 2)]
    [Trait("Behaviour", "B15")]
    public async Task Empty_object_is_200_with_length_0(string toRange, int requests)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(
            exchange.Request.Range is null ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" : toRange));
        await using var proxy = await StartAsync(origin);

        for (int request = 0; request < 2; request++)
        {
            var response = await proxy.GetAsync("/empty");
            Assert.Equal((200, "0", ""), (response.StatusCode, response.Field("Content-Length"), response.BodyText));
        }

        Assert.Equal(requests, origin.RequestCount);
        Assert.Equal(416, (await proxy.GetAsync("/empty", "Range: bytes=0-")).StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B14")]
    public async Task Origin_that_minds_an_end_past_the_end_is_asked_with_a_trimmed_end()
    {
        var small = new RangeFile(10);
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is { Last: > 9 }
            ? exchange.SendAsync("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */10\r\nContent-Length: 0\r\n\r\n")
            : small.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, 10, small.Seed), response.Body);
        Assert.Equal(["bytes=0-15", "bytes=0-9"], origin.Requests.Select(request => request.Field("Range")));
    }

    [Fact]
    public async Task Page_outside_the_sliced_paths_is_cached_whole_with_its_coding()
    {
        await using var origin = ScriptedOrigin.Start(exchange =>
            exchange.RespondAsync("200 OK", "coded", "Content-Encoding: gzip", "Cache-Control: max-age=60", "ETag: \"v1\""));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });

        var first = await proxy.GetAsync("/page", "Accept-Encoding: gzip, br");
        var second = await proxy.GetAsync("/page", "Accept-Encoding: BR,gzip");
        var other = await proxy.GetAsync("/page");
        var conditional = await proxy.GetAsync("/page", "Accept-Encoding: br, gzip", "If-None-Match: \"v1\"");

        Assert.Equal(("MISS", "gzip", "coded"), (first.Field("X-Cache"), first.Field("Content-Encoding"), first.BodyText));
        Assert.Equal("HIT", second.Field("X-Cache"));
        Assert.Equal("MISS", other.Field("X-Cache"));
        Assert.Equal(304, conditional.StatusCode);
        Assert.Equal(2, origin.RequestCount);
        Assert.All(origin.Requests, request => Assert.Null(request.Field("Range")));
        Assert.Equal("gzip, br", origin.Requests[0].Field("Accept-Encoding"));
    }

    [Fact]
    public async Task Range_of_an_unknown_page_goes_through_and_range_of_a_known_one_is_cut_from_it()
    {
        _file.SupportsRanges = true;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });

        var through = await proxy.GetAsync("/page", "Range: bytes=20-29");
        await proxy.GetAsync("/page");
        var cut = await proxy.GetAsync("/page", "Range: bytes=20-29");

        Assert.Equal((206, "BYPASS"), (through.StatusCode, through.Field("X-Cache")));
        Assert.Equal((206, "HIT"), (cut.StatusCode, cut.Field("X-Cache")));
        Assert.All([through, cut], response => Assert.Equal(TestContent.Bytes(20, 10, _file.Seed), response.Body));
        Assert.Equal(["bytes=20-29", null], origin.Requests.Select(request => request.Field("Range")));
    }

    [Fact]
    [Trait("Behaviour", "B11")]
    public async Task Condition_of_a_client_on_an_answer_that_may_not_be_kept_is_evaluated_here()
    {
        await using var origin = ScriptedOrigin.Start(
            exchange => exchange.RespondAsync("200 OK", "mine", "ETag: \"v1\"", "Cache-Control: private"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });

        var first = await proxy.GetAsync("/page", "If-None-Match: \"v1\"");
        var second = await proxy.GetAsync("/page", "If-None-Match: \"v1\"");

        Assert.Equal(304, first.StatusCode);
        Assert.Null(origin.Requests[0].Field("If-None-Match"));

        // Known by now as an answer for one client only: it goes through as it is.
        Assert.Equal("\"v1\"", origin.Requests[1].Field("If-None-Match"));
        Assert.Equal((200, "BYPASS"), (second.StatusCode, second.Field("X-Cache")));
    }

    [Fact]
    [Trait("Behaviour", "B29")]
    public async Task One_answer_for_one_client_does_not_keep_a_page_out_of_the_cache()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Field("Cookie") is null
            ? exchange.RespondAsync("200 OK", "for all", "Cache-Control: max-age=60")
            : exchange.RespondAsync("200 OK", "for one", "Set-Cookie: a=b"));
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });

        Assert.Equal("for one", (await proxy.GetAsync("/page", "Cookie: me")).BodyText);
        Assert.Equal("for all", (await proxy.GetAsync("/page")).BodyText);
        Assert.Equal("HIT", (await proxy.GetAsync("/page")).Field("X-Cache"));
    }

    [Fact]
    public async Task Private_pages_do_not_wait_for_each_other_once_known()
    {
        var gate = new TaskCompletionSource();
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Number > 1)
            {
                await exchange.WaitAsync(gate.Task);
            }

            await exchange.RespondAsync("200 OK", $"for {exchange.Request.Field("Cookie")}", "Cache-Control: private");
        });
        await using var proxy = await StartAsync(origin, options => options with { SlicePatterns = ["^/big/"] });
        await proxy.GetAsync("/page");

        var clients = Enumerable.Range(0, 8).Select(client => proxy.GetAsync("/page", $"Cookie: {client}")).ToArray();
        await origin.RequestsArrivedAsync(9);
        gate.SetResult();

        var answers = await Task.WhenAll(clients);
        Assert.Equal(Enumerable.Range(0, 8).Select(client => $"for {client}"), answers.Select(answer => answer.BodyText));
    }

    // Each look at the clock during the hit is a moment; at the next one in each round the object is purged.
    [Theory]
    [InlineData(false, false, 1)]
    [InlineData(false, true, 1)]
    [InlineData(true, true, LengthBytes / SliceBytes)]
    public async Task Object_that_leaves_the_cache_at_any_moment_of_a_hit_costs_no_more_requests_than_a_miss(
        bool hasRanges, bool hasValidator, int missRequests)
    {
        _file.SupportsRanges = hasRanges;
        _file.ETag = hasValidator ? "\"v1\"" : null;
        _file.LastModified = null;
        var time = new WatchedTime();
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, NameAll, time);
        var index = proxy.Composition.Index;
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        bool wasReached = true;
        for (int moment = 1; wasReached; moment++)
        {
            await proxy.GetAsync("/file");
            Generation? stored = null;
            await Eventually.TrueAsync(
                () => index.TryGet("/file"u8, new FieldTable(), out stored) && stored.IsComplete, () => "all of it is stored");
            int before = origin.RequestCount;
            int left = moment;
            time.Looked = () =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    index.Remove(stored!);
                    Assert.True(
                        SpinWait.SpinUntil(() => stored!.StoredSlices == 0 || ((ISliceTenant)stored).IsHeld, TimeSpan.FromSeconds(10)),
                        "its slices are gone, or the response has them");
                }
            };

            await client.SendAsync(RawClient.Request("GET", "/file"));
            var response = await client.ReadResponseAsync();
            time.Looked = null;

            Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body);
            Assert.InRange(origin.RequestCount - before, 0, missRequests);
            wasReached = left <= 0;
            Assert.True(moment > 3 || wasReached, "the clock was hardly looked at");
        }
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, configure ?? NameAll, _time);

    // Most of the origins here say nothing about freshness, and have no ranges: such answers are kept on named paths only.
    private static SliceOptions NameAll(SliceOptions options) => options with { SlicePatterns = ["^/"] };

    private sealed class WatchedTime : FakeTimeProvider
    {
        public Action? Looked { get; set; }

        public override long GetTimestamp()
        {
            Looked?.Invoke();
            return base.GetTimestamp();
        }
    }
}
