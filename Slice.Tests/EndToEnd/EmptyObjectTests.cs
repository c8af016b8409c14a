using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Empty objects, however the origin puts it: kept, and answered by the rules for all others. What a Range or a condition means is decided
/// by what it says (B3, B4, B6, B15).
/// </summary>
public sealed class EmptyObjectTests
{
    public static TheoryData<string, int> Requests => new()
    {
        { "Accept: a/b", 200 },
        { "Range: bytes=0--1", 200 },
        { "Range: bytes=abc", 200 },
        { "Range: items=0-1", 200 },
        { "Range: bytes", 200 },
        { "Range: bytes=0-9\r\nIf-Range: \"other\"", 200 },
        { "Range: bytes=0-9\r\nIf-Range: \"v1\"", 416 },
        { "Range: bytes=0-9", 416 },
        { "Range: bytes=-5", 416 },
        { "Range: bytes=7-", 416 },
        { "Range: bytes=5-2", 416 },
        { "If-None-Match: \"v1\"", 304 },
        { "Range: bytes=0-9\r\nIf-None-Match: \"v1\"", 304 },
        { "Range: bytes=0-9\r\nIf-Match: \"other\"", 412 },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    [Trait("Behaviour", "B15")]
    [Trait("Behaviour", "B4")]
    public async Task Empty_object_is_kept_and_answered_as_others_are(string fields, int status)
    {
        foreach (bool supportsRanges in (bool[])[true, false])
        {
            var file = new RangeFile(0) { SupportsRanges = supportsRanges, ExtraFields = ["Cache-Control: max-age=60"] };
            await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
            await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

            var cold = await proxy.GetAsync("/empty", fields.Split("\r\n"));
            int asked = origin.RequestCount;
            var warm = await proxy.GetAsync("/empty", fields.Split("\r\n"));

            foreach (var response in (RawResponse[])[cold, warm])
            {
                Assert.Equal(status, response.StatusCode);
                Assert.Equal(status == 200 ? "0" : response.Field("Content-Length"), response.Field("Content-Length"));
                Assert.Equal(status == 416 ? "bytes */0" : null, response.Field("Content-Range"));
            }

            Assert.InRange(asked, 1, 2);
            Assert.Equal(asked, origin.RequestCount);
        }
    }

    // Past the end of an object that is not known yet.
    [Theory]
    [InlineData("Range: bytes=100-", 416)]
    [InlineData("Range: bytes=100-\r\nIf-Range: \"v1\"", 416)]
    [InlineData("Range: bytes=100-\r\nIf-Range: \"other\"", 200)]
    [InlineData("Range: bytes=100-\r\nIf-None-Match: \"v1\"", 304)]
    [InlineData("Range: bytes=100-\r\nIf-Match: \"other\"", 412)]
    [Trait("Behaviour", "B3")]
    [Trait("Behaviour", "B9")]
    public async Task Condition_decides_before_a_range_past_the_end(string fields, int status)
    {
        var file = new RangeFile(10);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 4);

        Assert.Equal(status, (await proxy.GetAsync("/file", fields.Split("\r\n"))).StatusCode);
    }

    // RFC 9110 §14.2. With a field of the client's own the request passes through.
    [Theory]
    [InlineData("Accept: a/b", "^/")]
    [InlineData("Accept: a/b", "^/other")]
    [InlineData("Cookie: a=b", "^/")]
    [InlineData("Cookie: a=b", "^/other")]
    [Trait("Behaviour", "B6")]
    public async Task Range_of_a_head_means_nothing_to_the_origin_either(string field, string pattern)
    {
        await using var origin = ScriptedOrigin.Start(exchange => exchange.SendAsync(exchange.Request.Range is null
            ? "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 1000\r\n\r\n"
            : "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-0/1000\r\nContent-Length: 1\r\n\r\n"));
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { SlicePatterns = [pattern] });
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("HEAD", "/file", field, "Range: bytes=0-0", "If-Range: \"v1\""));
        var response = await client.ReadResponseAsync("HEAD");

        Assert.Equal((200, "1000", null), (response.StatusCode, response.Field("Content-Length"), response.Field("Content-Range")));
    }
}
