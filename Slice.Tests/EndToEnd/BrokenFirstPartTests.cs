using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Origins whose answers to ranges end, or fall silent, before the first byte of a body, or never come: before anything has gone to the
/// client, its own request does (B59).
/// </summary>
[Trait("Behaviour", "B59")]
public sealed class BrokenFirstPartTests
{
    private const string SixteenBytes = "0123456789abcdef";
    private const string PartHead =
        "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-3/16\r\nContent-Length: 4\r\n\r\n";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));

    [Theory]
    [InlineData(PartHead, true)]
    [InlineData(PartHead, false)]
    [InlineData("", false)]
    public async Task Clients_own_request_is_answered_and_that_is_remembered(string beginning, bool closes)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Range is null)
            {
                await exchange.RespondAsync("200 OK", SixteenBytes, "ETag: \"v1\"", "Cache-Control: max-age=6000");
                return;
            }

            await exchange.SendAsync(beginning);
            await (closes ? exchange.CloseAsync() : exchange.ClientClosedAsync());
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 4,
            options => options with { MaxRetries = 1, MaxConcurrentSubrequests = 1, SlicePatterns = ["^/"] },
            _time);

        var first = await PassingTime.UntilAsync(_time, proxy.GetAsync("/file"), "the deadlines to pass");
        await Eventually.TrueAsync(
            () => proxy.Log.Any(line => line.Contains("slicing_suspended", StringComparison.Ordinal)), "the object is remembered");
        int asked = origin.RequestCount;
        var second = await proxy.GetAsync("/file");

        Assert.All([first, second], response => Assert.Equal((200, SixteenBytes), (response.StatusCode, response.BodyText)));
        Assert.Equal([null], origin.Requests.Skip(asked).Select(request => request.Range));
        var range = await proxy.GetAsync("/file", "Range: bytes=6-9");
        Assert.Equal((206, "6789", "HIT"), (range.StatusCode, range.BodyText, range.Field("X-Cache")));
    }

    // An error status of the origin's is told as that, whatever is stored.
    [Theory]
    [InlineData("500 Internal Server Error", "")]
    [InlineData("503 Service Unavailable", "")]
    [InlineData("503 Service Unavailable", "Retry-After: 100\r\n")]
    [InlineData("504 Gateway Timeout", "")]
    [Trait("Behaviour", "B20")]
    public async Task Error_status_in_answer_to_a_part_of_a_known_object_is_the_clients(string status, string field)
    {
        var file = new RangeFile(16) { ExtraFields = ["Cache-Control: max-age=6000"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri, sliceSizeBytes: 4, options => options with { MaxRetries = 0, SlicePatterns = ["^/"] });
        await proxy.GetAsync("/file", "Range: bytes=0-3");
        origin.Answer = exchange => exchange.SendAsync($"HTTP/1.1 {status}\r\n{field}Content-Length: 0\r\n\r\n");

        var warm = await proxy.GetAsync("/file", "Range: bytes=8-9");
        var cold = await proxy.GetAsync("/other", "Range: bytes=8-9");

        Assert.Equal((status[..3], status[..3]), ($"{warm.StatusCode}", $"{cold.StatusCode}"));
    }
}
