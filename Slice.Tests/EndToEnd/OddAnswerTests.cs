using Slice.Core.Options;
using Slice.Core.Storage;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// One answer of many that does not fit what the origin has said of the object: it is asked for again before it is believed, and a whole
/// object in place of a part is used (B60). At the first, a middle and the last slice, into the store and past it.
/// </summary>
[Trait("Behaviour", "B60")]
public sealed class OddAnswerTests
{
    private const int Slices = 5;

    // Heads to a range of an object "v1"; {0} first, {1} last position, {2} length of the part, {3} of the object, {4} past the part.
    private static readonly string[] s_heads =
    [
        "404 Not Found\r\nContent-Length: 0",
        "410 Gone\r\nContent-Length: 0",
        "403 Forbidden\r\nContent-Length: 0",
        "401 Unauthorized\r\nContent-Length: 0",
        "302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0",
        "400 Bad Request\r\nContent-Length: 0",
        "412 Precondition Failed\r\nContent-Length: 0",
        "416 Range Not Satisfiable\r\nContent-Range: bytes */{3}\r\nContent-Length: 0",
        "416 Range Not Satisfiable\r\nContent-Range: bytes */1\r\nContent-Length: 0",
        "501 Not Implemented\r\nContent-Length: 0",
        "500 Internal Server Error\r\nContent-Length: 0",
        "503 Service Unavailable\r\nContent-Length: 0",
        "204 No Content\r\nX-No: body",
        "200 OK\r\nETag: \"other\"\r\nContent-Length: {3}",
        "200 OK\r\nContent-Length: {3}",
        "200 OK\r\nETag: \"v1\"\r\nContent-Length: {4}",
        "200 OK\r\nETag: W/\"v1\"\r\nContent-Length: {3}",
        "200 OK\r\nETag: \"v1\"\r\nContent-Length: 0",
        "206 Partial Content\r\nETag: \"other\"\r\nContent-Range: bytes {0}-{1}/{3}\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: W/\"v1\"\r\nContent-Range: bytes {0}-{1}/{3}\r\nContent-Length: {2}",
        "206 Partial Content\r\nContent-Range: bytes {0}-{1}/{3}\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {0}-{1}/{4}\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 1-{2}/{3}\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: \"v1\"\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {0}-{1}/{3}\r\nContent-Length: 99\r\nContent-Length: {2}",
        "206 Partial Content\r\nETag: \"v1\"\r\nContent-Length: -1",
        "no status at all",
    ];

    public static TheoryData<string, int, bool> OddAnswers
    {
        get
        {
            var data = new TheoryData<string, int, bool>();
            foreach (string head in s_heads)
            {
                foreach (int slice in (int[])[0, 2, Slices - 1])
                {
                    data.Add(head, slice, true);

                    // Past the store an object is learned anew by its first slice.
                    if (slice > 0)
                    {
                        data.Add(head, slice, false);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(OddAnswers))]
    public async Task Odd_answer_that_comes_once_is_asked_for_again(string head, int slice, bool isStored)
    {
        await using var bed = new Bed(isStored);
        int odd = 0;
        await using var origin = ScriptedOrigin.Start(exchange =>
            bed.SliceOf(exchange) == slice && Interlocked.Increment(ref odd) == 1
                ? bed.SendAsync(exchange, head)
                : bed.AnswerAsync(exchange));
        await using var proxy = await bed.LearnAsync(origin, slice);

        var response = await proxy.GetAsync("/file");

        Assert.Equal("HTTP/1.1 200 OK", response.StatusLine);
        Assert.Equal(bed.Text, response.BodyText);
        Assert.Equal(2, odd);
        Assert.Equal(isStored ? "HIT" : "MISS", (await proxy.GetAsync("/file")).Field("X-Cache"));
    }

    // B24: what two answers say is so.
    [Theory]
    [InlineData("404 Not Found\r\nContent-Length: 0")]
    [InlineData("412 Precondition Failed\r\nContent-Length: 0")]
    [InlineData("200 OK\r\nETag: \"other\"\r\nContent-Length: {3}")]
    [InlineData("206 Partial Content\r\nETag: \"other\"\r\nContent-Range: bytes {0}-{1}/{3}\r\nContent-Length: {2}")]
    public async Task Odd_answer_that_comes_again_ends_the_response_and_the_object(string head)
    {
        await using var bed = new Bed(isStored: true);
        int odd = 0;
        await using var origin = ScriptedOrigin.Start(exchange =>
            bed.SliceOf(exchange) == 2 && Interlocked.Increment(ref odd) > 0 ? bed.SendAsync(exchange, head) : bed.AnswerAsync(exchange));
        await using var proxy = await bed.LearnAsync(origin, oddSlice: 2);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/file"));
        var response = await client.ReadEndingAsync();

        Assert.Equal((ResponseEnding.CutByClose, bed.Text[..(2 * bed.SliceBytes)]), (response.Ending, response.BodyText));
        Assert.Equal(2, odd);

        // The next one asks for the whole where the whole shows that nothing has changed, and else for the version that there is.
        bool hasChanged = head.Contains("\"other\"", StringComparison.Ordinal);
        origin.Answer = hasChanged ? bed.AnswerAsync : origin.Answer;
        var second = await proxy.GetAsync("/file");
        Assert.Equal((200, "MISS", bed.Text), (second.StatusCode, second.Field("X-Cache"), second.BodyText));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(Slices - 1, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(Slices - 1, false)]
    public async Task Whole_object_in_place_of_parts_is_used(int from, bool isStored)
    {
        await using var bed = new Bed(isStored);
        await using var origin = ScriptedOrigin.Start(exchange => bed.SliceOf(exchange) is { } slice && slice >= from
            ? bed.SendWholeAsync(exchange)
            : bed.AnswerAsync(exchange));
        await using var proxy = await bed.LearnAsync(origin, from);

        var whole = await proxy.GetAsync("/file");
        int asked = origin.RequestCount;
        var again = await proxy.GetAsync("/file");
        var range = await proxy.GetAsync("/file", $"Range: bytes={(3 * bed.SliceBytes) + 1}-{(3 * bed.SliceBytes) + 2}");

        Assert.All([whole, again], response => Assert.Equal(("HTTP/1.1 200 OK", bed.Text), (response.StatusLine, response.BodyText)));
        Assert.Equal((206, bed.Text.Substring((3 * bed.SliceBytes) + 1, 2)), (range.StatusCode, range.BodyText));
        if (isStored)
        {
            // One slice was learned; each other that comes as a part costs one request, and one whole comes twice for all the rest.
            Assert.InRange(asked, 2, 1 + Slices + 2);
            Assert.Equal(("HIT", "HIT", asked), (again.Field("X-Cache"), range.Field("X-Cache"), origin.RequestCount));
        }
    }

    // What lies before the part is stored too, as it has come, and nothing behind what is wanted is waited for.
    [Fact]
    public async Task Whole_object_in_place_of_a_part_fills_what_is_missing_before_it()
    {
        await using var bed = new Bed(isStored: true);
        await using var origin = ScriptedOrigin.Start(bed.AnswerAsync);
        await using var proxy = await bed.StartAsync(origin);
        await proxy.GetAsync("/file", $"Range: bytes={bed.SliceBytes}-{bed.SliceBytes}");
        int slices = bed.SliceBytes;
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        origin.Answer = exchange => bed.SendWholeAsync(exchange, stopAt: 4 * slices, gate.Task);

        var range = await proxy.GetAsync("/file", $"Range: bytes={3 * slices}-{(3 * slices) + 1}");
        int asked = origin.RequestCount;
        var before = await proxy.GetAsync("/file", $"Range: bytes=0-{(4 * slices) - 1}");
        gate.SetResult();

        Assert.Equal((206, bed.Text.Substring(3 * slices, 2)), (range.StatusCode, range.BodyText));
        Assert.Equal((bed.Text[..(4 * slices)], "HIT", asked), (before.BodyText, before.Field("X-Cache"), origin.RequestCount));
    }

    [Fact]
    public async Task Whole_object_of_a_weak_version_is_not_combined_with_parts()
    {
        await using var bed = new Bed(isStored: true) { Tag = "W/\"v1\"" };
        await using var origin = ScriptedOrigin.Start(exchange => bed.SliceOf(exchange) is { } slice && slice >= 2
            ? bed.SendWholeAsync(exchange)
            : bed.AnswerAsync(exchange));
        await using var proxy = await bed.StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/file"));
        var response = await client.ReadEndingAsync();

        Assert.Equal((ResponseEnding.CutByClose, bed.Text[..(2 * bed.SliceBytes)]), (response.Ending, response.BodyText));
    }

    [Fact]
    public async Task Whole_object_that_breaks_off_in_place_of_a_part_is_asked_for_again()
    {
        await using var bed = new Bed(isStored: true);
        int wholes = 0;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (bed.SliceOf(exchange) is not >= 2)
            {
                await bed.AnswerAsync(exchange);
            }
            else if (Interlocked.Increment(ref wholes) == 2)
            {
                await exchange.SendAsync(bed.WholeHead + bed.Text[..((2 * bed.SliceBytes) + 2)]);
                await exchange.CloseAsync();
            }
            else
            {
                await bed.SendWholeAsync(exchange);
            }
        });
        await using var proxy = await bed.StartAsync(origin);

        Assert.Equal(bed.Text, (await proxy.GetAsync("/file")).BodyText);
    }

    // The same tag and another length: one of two answers is wrong, and the next tells which.
    [Theory]
    [InlineData("206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {0}-{1}/{4}\r\nContent-Length: {2}")]
    [InlineData("200 OK\r\nETag: \"v1\"\r\nContent-Length: {4}")]
    public async Task Validation_that_contradicts_itself_once_is_asked_for_again(string head)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-1));
        await using var bed = new Bed(isStored: true);
        await using var origin = ScriptedOrigin.Start(bed.AnswerAsync);
        await using var proxy = await bed.StartAsync(origin, time);
        await proxy.GetAsync("/file");
        int asked = origin.RequestCount;
        time.Advance(TimeSpan.FromSeconds(601));
        origin.Answer = exchange => origin.RequestCount == asked + 1 ? bed.SendAsync(exchange, head) : bed.AnswerAsync(exchange);

        var response = await proxy.GetAsync("/file");

        Assert.Equal((200, bed.Text, asked + 2), (response.StatusCode, response.BodyText, origin.RequestCount));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whole_object_in_answer_to_a_validation_keeps_what_is_stored(bool isComplete)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(DateTimeOffset.UtcNow.AddDays(-1));
        await using var bed = new Bed(isStored: true);
        await using var origin = ScriptedOrigin.Start(bed.AnswerAsync);
        await using var proxy = await bed.StartAsync(origin, time);
        await proxy.GetAsync("/file", isComplete ? "Accept: a/b" : $"Range: bytes=0-{(2 * bed.SliceBytes) - 1}");
        int asked = origin.RequestCount;
        time.Advance(TimeSpan.FromSeconds(601));
        origin.Answer = bed.SendWholeAsync;

        var response = await proxy.GetAsync("/file");

        Assert.Equal((200, bed.Text), (response.StatusCode, response.BodyText));
        Assert.InRange(origin.RequestCount - asked, 1, isComplete ? 1 : 7);
    }

    // Clients of a file that comes as a whole where parts are asked for share one body.
    [Fact]
    public async Task Many_clients_share_the_whole_that_comes_in_place_of_parts()
    {
        await using var bed = new Bed(isStored: true);
        long wholes = 0;
        await using var origin = ScriptedOrigin.Start(exchange =>
        {
            if (bed.SliceOf(exchange) is not >= 1)
            {
                return bed.AnswerAsync(exchange);
            }

            Interlocked.Increment(ref wholes);
            return bed.SendWholeAsync(exchange);
        });
        await using var proxy = await bed.StartAsync(origin);

        var responses = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => proxy.GetAsync("/file")));

        Assert.All(responses, response => Assert.Equal(bed.Text, response.BodyText));
        Assert.InRange(wholes, 2, 2 * Slices);
    }

    // An object of some slices whose origin speaks in literal bytes.
    private sealed class Bed(bool isStored) : IAsyncDisposable
    {
        private readonly List<SliceReservation> _taken = [];

        public string Tag { get; init; } = "\"v1\"";

        public int SliceBytes { get; } = isStored ? 4 : 64 << 10;

        public string Text { get; } =
            string.Concat(Enumerable.Range(0, Slices * (isStored ? 1 : 16 << 10)).Select(n => $"{n % 10000:D4}"))[..^1];

        public string WholeHead => $"HTTP/1.1 200 OK\r\nETag: {Tag}\r\nCache-Control: max-age=600\r\nContent-Length: {Text.Length}\r\n\r\n";

        public Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, TimeProvider? time = null) => ProxyUnderTest.StartAsync(
            origin.Uri,
            SliceBytes,
            options => options with
            {
                MaxRetries = 1,
                MaxConcurrentSubrequests = 2,
                Store = isStored ? options.Store : new CacheStoreOptions { MemorySizeBytes = 1 << 20 },
            },
            time);

        // Another slice than the odd one tells of the object.
        public async Task<ProxyUnderTest> LearnAsync(ScriptedOrigin origin, int oddSlice)
        {
            var proxy = await StartAsync(origin);
            int learned = oddSlice == 0 ? 1 : 0;
            await proxy.GetAsync("/file", $"Range: bytes={learned * SliceBytes}-{learned * SliceBytes}");

            // Past the store goes what finds no room in it: all is being used.
            while (!isStored && await proxy.Composition.Store.ReserveAsync(SliceBytes) is { } taken)
            {
                _taken.Add(taken);
            }

            return proxy;
        }

        public ValueTask DisposeAsync()
        {
            _taken.ForEach(taken => taken.Slice.Release());
            return ValueTask.CompletedTask;
        }

        public int? SliceOf(OriginExchange exchange) => exchange.Request.Range is { } range ? (int)(range.First / SliceBytes) : null;

        public Task AnswerAsync(OriginExchange exchange) => exchange.Request.Range is null
            ? SendWholeAsync(exchange)
            : SendAsync(
                exchange,
                $"206 Partial Content\r\nETag: {Tag}\r\nCache-Control: max-age=600\r\n"
                + "Content-Range: bytes {0}-{1}/{3}\r\nContent-Length: {2}");

        public Task SendWholeAsync(OriginExchange exchange) => exchange.SendAsync(WholeHead + Text);

        public async Task SendWholeAsync(OriginExchange exchange, int stopAt, Task gate)
        {
            await exchange.SendAsync(WholeHead + Text[..stopAt]);
            await exchange.WaitAsync(gate);
            await exchange.SendAsync(Text[stopAt..]);
        }

        public Task SendAsync(OriginExchange exchange, string head)
        {
            var (first, last) = exchange.Request.Range!.Value;
            last = Math.Min(last, Text.Length - 1);
            string filled = head
                .Replace("{0}", $"{first}", StringComparison.Ordinal)
                .Replace("{1}", $"{last}", StringComparison.Ordinal)
                .Replace("{2}", $"{last - first + 1}", StringComparison.Ordinal)
                .Replace("{3}", $"{Text.Length}", StringComparison.Ordinal)
                .Replace("{4}", $"{Text.Length + 1}", StringComparison.Ordinal);
            bool isEmpty = head.EndsWith(": 0", StringComparison.Ordinal) || head.StartsWith("204", StringComparison.Ordinal);
            string body = isEmpty ? ""
                : head.StartsWith("206", StringComparison.Ordinal) ? Text[(int)first..(int)(last + 1)]
                : head.EndsWith("{4}", StringComparison.Ordinal) ? Text + "!" : Text;
            return exchange.SendAsync($"HTTP/1.1 {filled}\r\n\r\n{body}");
        }
    }
}
