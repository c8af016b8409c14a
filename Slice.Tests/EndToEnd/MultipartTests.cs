using System.Globalization;
using System.Text;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Several ranges in one request: multipart/byteranges made of slices (B7, B8, RFC 9110 §14.6).</summary>
public sealed class MultipartTests
{
    private const int LengthBytes = 4096;
    private const int SliceBytes = 64;

    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Content-Type: video/mp4", "X-Other: kept"] };

    [Fact]
    [Trait("Behaviour", "B7")]
    public async Task Parts_come_in_the_order_asked_for_and_every_byte_of_the_body_is_as_the_standard_says()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        for (int round = 0; round < 2; round++)
        {
            var response = await proxy.GetAsync("/file", "Range: bytes=3000-3001,100-299,-5");

            string boundary = BoundaryOf(response);
            Assert.Equal(206, response.StatusCode);
            Assert.Null(response.Field("Content-Range"));
            Assert.Equal("kept", response.Field("X-Other"));
            Assert.Equal(response.Body.Length.ToString(CultureInfo.InvariantCulture), response.Field("Content-Length"));
            byte[] expected =
            [
                .. Head(boundary, "3000-3001"), .. TestContent.Bytes(3000, 2, _file.Seed),
                .. Head(boundary, "100-299"), .. TestContent.Bytes(100, 200, _file.Seed),
                .. Head(boundary, "4091-4095"), .. TestContent.Bytes(4091, 5, _file.Seed),
                .. Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"),
            ];
            Assert.Equal(expected, response.Body);
            Assert.Equal(round == 0 ? "MISS" : "HIT", response.Field("X-Cache"));
        }

        // Slices 46, 1 to 4, and 63: each once.
        Assert.Equal(6, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B7")]
    public async Task Object_without_a_type_has_parts_without_one()
    {
        _file.ExtraFields = [];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file", "Range: bytes=0-0,1000-1000");

        Assert.StartsWith(
            $"\r\n--{BoundaryOf(response)}\r\nContent-Range: bytes 0-0/4096\r\n\r\n", response.BodyText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bytes=0-9,9999-,-0", "206 bytes 0-9/4096")]
    [InlineData("bytes=0-9,10-19", "206 bytes 0-19/4096")]
    [InlineData("bytes=0-9,15-19", "206 bytes 0-19/4096")]
    [InlineData("bytes=5-9,0-4", "206 bytes 0-9/4096")]
    [InlineData("bytes=9999-,5000-6000", "416 bytes */4096")]
    [InlineData("bytes=0-9,20-10", "416 bytes */4096")]
    [InlineData("bytes=0-9,500-509,20-10", "416 bytes */4096")]
    [InlineData("bytes=0-,0-,0-", "200 ")]
    [InlineData("bytes=0-2100,2000-4095", "200 ")]
    [InlineData("bytes=0-9,x", "200 ")]
    [Trait("Behaviour", "B7")]
    [Trait("Behaviour", "B8")]
    public async Task Ranges_that_come_to_one_or_none_or_everything_are_no_multipart(string range, string expected)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file", "Range: " + range);

        Assert.Equal(expected, $"{response.StatusCode} {response.Field("Content-Range")}");
        Assert.DoesNotContain("multipart", response.Field("Content-Type") ?? "", StringComparison.Ordinal);
    }

    // On an object that is not known, where the first range is the one that the lesson asks for.
    [Theory]
    [InlineData("bytes=9999-,0-9", "206 bytes 0-9/4096")]
    [InlineData("bytes=9999-,-5", "206 bytes 4091-4095/4096")]
    [InlineData("bytes=9999-,9998-,300-301,9999-", "206 bytes 300-301/4096")]
    [Trait("Behaviour", "B7")]
    public async Task Impossible_range_before_a_possible_one_is_left_out(string range, string expected)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        for (int round = 0; round < 2; round++)
        {
            var response = await proxy.GetAsync("/file", "Range: " + range);
            Assert.Equal(expected, $"{response.StatusCode} {response.Field("Content-Range")}");
        }
    }

    [Fact]
    [Trait("Behaviour", "B8")]
    public async Task Many_parts_of_a_slice_need_it_once_also_when_nobody_else_may_have_it()
    {
        _file.ExtraFields = ["Cache-Control: private"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 2048);
        string range = string.Join(',', Enumerable.Range(0, 12).Select(number => $"{number * 300}-{(number * 300) + 9}"));

        Assert.Equal(206, (await proxy.GetAsync("/file", "Range: bytes=" + range)).StatusCode);
        Assert.Equal(2, origin.RequestCount);
    }

    [Theory]
    [InlineData(4, 206)]
    [InlineData(5, 200)]
    [Trait("Behaviour", "B8")]
    public async Task More_ranges_than_allowed_are_ignored(int ranges, int status)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, options => options with { Limits = options.Limits with { MaxRanges = 4 } });

        string range = string.Join(',', Enumerable.Range(0, ranges).Select(number => $"{number * 400}-{number * 400}"));

        Assert.Equal(status, (await proxy.GetAsync("/file", "Range: bytes=" + range)).StatusCode);
    }

    [Fact]
    [Trait("Behaviour", "B8")]
    public async Task Parts_that_cost_more_than_the_object_are_ignored()
    {
        var small = new RangeFile(400);
        await using var origin = ScriptedOrigin.Start(small.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file", "Range: bytes=0-0,130-130,260-260,390-390");

        Assert.Equal(200, response.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 400, small.Seed), response.Body);
    }

    [Fact]
    [Trait("Behaviour", "B8")]
    public async Task A_byte_of_each_of_many_slices_costs_each_slice_once_and_several_are_fetched_at_a_time()
    {
        var big = new RangeFile(1 << 20);
        await using var origin = ScriptedOrigin.Start(big.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4096, options => options with { MaxConcurrentSubrequests = 4 });
        string range = string.Join(',', Enumerable.Range(0, 64).Select(number => $"{number * 16384}-{number * 16384}"));

        origin.Answer = async exchange =>
        {
            // The first is the lesson; the next answer only when three are in flight together.
            if (exchange.Request.Number is > 1 and < 5)
            {
                await origin.RequestsArrivedAsync(4);
            }

            await big.AnswerAsync(exchange);
        };
        var response = await proxy.GetAsync("/file", "Range: bytes=" + range);

        Assert.Equal(206, response.StatusCode);
        Assert.Equal(64, origin.RequestCount);
        Assert.Equal(64L * 4096, big.ContentBytesSent);
        Assert.InRange(origin.PeakConcurrentRequests, 3, 4);
    }

    [Fact]
    [Trait("Behaviour", "B6")]
    [Trait("Behaviour", "B10")]
    public async Task Conditions_and_methods_count_as_for_one_range()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        const string Several = "Range: bytes=0-0,1000-1000";

        Assert.Equal(200, (await proxy.GetAsync("/file", Several, "If-Range: \"other\"")).StatusCode);
        Assert.Equal(206, (await proxy.GetAsync("/file", Several, "If-Range: " + _file.ETag)).StatusCode);
        Assert.Equal(304, (await proxy.GetAsync("/file", Several, "If-None-Match: " + _file.ETag)).StatusCode);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("HEAD", "/file", Several));
        var head = await client.ReadHeadAsync();
        Assert.Equal((200, "4096"), (head.StatusCode, head.Field("Content-Length")));
    }

    [Fact]
    [Trait("Behaviour", "B7")]
    public async Task Part_that_cannot_be_had_cuts_the_connection()
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.Request.Range is { First: >= 3000 }
            ? exchange.RespondAsync("404 Not Found")
            : _file.AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file", "Range: bytes=0-9,3000-3009"));

        var response = await client.ReadEndingAsync();

        Assert.Equal(206, response.StatusCode);
        Assert.NotEqual(ResponseEnding.Complete, response.Ending);
    }

    [Fact]
    [Trait("Behaviour", "B7")]
    public async Task Private_object_is_served_in_parts_without_being_kept()
    {
        _file.ExtraFields = ["Cache-Control: private"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file", "Range: bytes=700-709,10-19,300-309");

        Assert.Contains(Encoding.Latin1.GetString(TestContent.Bytes(10, 10, _file.Seed)), response.BodyText, StringComparison.Ordinal);
        Assert.Equal(4, origin.RequestCount);
        await Eventually.TrueAsync(async () => await proxy.MetricAsync("cache_bytes") == 0, () => "nothing kept");
    }

    private static string BoundaryOf(RawResponse response)
    {
        const string Type = "multipart/byteranges; boundary=";
        Assert.StartsWith(Type, response.Field("Content-Type"), StringComparison.Ordinal);
        return response.Field("Content-Type")![Type.Length..];
    }

    private static byte[] Head(string boundary, string range) =>
        Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {range}/4096\r\n\r\n");

    private static Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, Func<SliceOptions, SliceOptions>? configure = null) =>
        ProxyUnderTest.StartAsync(origin.Uri, SliceBytes, configure);
}
