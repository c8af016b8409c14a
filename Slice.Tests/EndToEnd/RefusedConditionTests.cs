using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Origins that refuse a request for what it asks besides the bytes, the version pinned or the version known, are asked again without, and
/// the version is told by the answer (B14, B59).
/// </summary>
[Trait("Behaviour", "B14")]
public sealed class RefusedConditionTests
{
    private const int LengthBytes = 18;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { ExtraFields = ["Cache-Control: max-age=60"], HonoursPreconditions = false };

    [Theory]
    [InlineData("400 Bad Request", true)]
    [InlineData("403 Forbidden", true)]
    [InlineData("405 Method Not Allowed", true)]
    [InlineData("412 Precondition Failed", true)]
    [InlineData("412 Precondition Failed", false)]
    [InlineData("417 Expectation Failed", true)]
    [InlineData("501 Not Implemented", true)]
    [InlineData("501 Not Implemented", false)]
    public async Task Version_that_must_not_be_pinned_is_compared_and_that_is_remembered(string status, bool hasTag)
    {
        _file.ETag = hasTag ? _file.ETag : null;
        await using var origin = ScriptedOrigin.Start(exchange => RefuseAsync(exchange, status, "If-Match", "If-Unmodified-Since"));
        await using var proxy = await StartAsync(origin);

        var first = await proxy.GetAsync("/a");
        int asked = origin.RequestCount;
        var second = await proxy.GetAsync("/b");

        Assert.All([first, second], response => Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body));

        // Five slices each; the first that is pinned, one at a time, was asked for twice.
        Assert.Equal((6, 11), (asked, origin.RequestCount));
        Assert.Single(origin.Requests, request => request.Field(hasTag ? "If-Match" : "If-Unmodified-Since") is not null);
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), (await proxy.GetAsync("/c")).Body);
        Assert.Equal(17, origin.RequestCount);
    }

    // Some gateways know no better way to refuse.
    [Theory]
    [InlineData("", true, 2)]
    [InlineData("", false, 2)]
    [InlineData("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", false, 3)]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", false, 1)]
    [Trait("Behaviour", "B59")]
    public async Task Version_that_must_not_be_named_at_the_cost_of_the_connection_is_compared(string answer, bool byReset, int maxRetries)
    {
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Field("If-Match") is null)
            {
                await _file.AnswerAsync(exchange);
                return;
            }

            await exchange.SendAsync(answer);
            await (byReset ? exchange.ResetAsync() : exchange.CloseAsync());
        });
        await using var proxy = await ProxyUnderTest.StartAsync(
            origin.Uri,
            sliceSizeBytes: 4,
            options => options with { MaxRetries = maxRetries, MaxConcurrentSubrequests = 1, SlicePatterns = ["^/"] });

        var first = await proxy.GetAsync("/a");
        int asked = origin.RequestCount;
        var second = await proxy.GetAsync("/b");

        Assert.All([first, second], response => Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body));

        // Once it has come twice in a row, and not without, it is remembered: five slices are five requests.
        Assert.Equal(maxRetries > 1 ? (7, 12) : (9, 18), (asked, origin.RequestCount));
    }

    // Else the next slice, which is asked for as soon as the bytes are there, could still be refused.
    [Fact]
    [Trait("Behaviour", "B59")]
    public async Task Version_that_must_not_be_pinned_is_remembered_before_the_bytes_of_the_answer()
    {
        var held = new TaskCompletionSource();
        _file.Fault = exchange => exchange.Request is { Target: "/a", Range: (4, 7) }
            ? new RangeFault { PauseAfterBytes = 2, BodyGate = held.Task }
            : null;
        await using var origin = ScriptedOrigin.Start(exchange => RefuseAsync(exchange, "501 Not Implemented", "If-Match"));
        await using var proxy = await StartAsync(origin, maxConcurrentSubrequests: 4);
        await proxy.GetAsync("/a", "Range: bytes=0-3");
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/a", "Range: bytes=4-7"));
        await client.ReadHeadAsync();
        await client.ReadBytesAsync(2);

        var other = await proxy.GetAsync("/b");
        held.SetResult();

        Assert.Equal(TestContent.Bytes(6, 2, _file.Seed), await client.ReadBytesAsync(2));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), other.Body);
        Assert.Single(origin.Requests, request => request.Field("If-Match") is not null);
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Object_that_has_changed_is_noticed_without_the_pin()
    {
        await using var origin = ScriptedOrigin.Start(exchange => RefuseAsync(exchange, "501 Not Implemented", "If-Match"));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a");
        _file.Fault = _file.ChangeAtRequest(origin.RequestCount + 3, seed: 2);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);

        await client.SendAsync(RawClient.Request("GET", "/b"));
        var response = await client.ReadEndingAsync();

        Assert.Equal((ResponseEnding.CutByClose, 8), (response.Ending, response.Body.Length));
        Assert.Equal(TestContent.Bytes(0, 8, seed: 1), response.Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), (await proxy.GetAsync("/b")).Body);
    }

    // It answered 412 because the object has changed: the answer without the condition says so.
    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Condition_that_was_refused_with_reason_is_no_refusal_of_conditions()
    {
        _file.HonoursPreconditions = true;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a", "Range: bytes=0-3");
        _file.ChangeTo(seed: 2);

        var response = await proxy.GetAsync("/a", "Range: bytes=4-7");
        await proxy.GetAsync("/b");

        Assert.Equal(TestContent.Bytes(4, 4, seed: 2), response.Body);
        Assert.NotNull(origin.Requests[^1].Field("If-Match"));
    }

    [Theory]
    [InlineData("400 Bad Request", true)]
    [InlineData("412 Precondition Failed", true)]
    [InlineData("501 Not Implemented", true)]
    [InlineData("501 Not Implemented", false)]
    public async Task Validation_that_is_refused_is_made_by_the_answer_itself(string status, bool isSliced)
    {
        _file.SupportsRanges = isSliced;
        await using var origin = ScriptedOrigin.Start(exchange => RefuseAsync(exchange, status, "If-None-Match", "If-Modified-Since"));
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/a");
        int asked = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(61));

        var validated = await proxy.GetAsync("/a");
        var fresh = await proxy.GetAsync("/a");

        Assert.All([validated, fresh], response => Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), response.Body));
        Assert.Equal("HIT", fresh.Field("X-Cache"));
        Assert.Equal(asked + 2, origin.RequestCount);
    }

    private Task RefuseAsync(OriginExchange exchange, string status, params string[] fields) =>
        fields.Any(field => exchange.Request.Field(field) is not null)
            ? exchange.RespondAsync(status, "no")
            : _file.AnswerAsync(exchange);

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, int maxConcurrentSubrequests = 1) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceSizeBytes: 4,
        options => options with { MaxRetries = 0, MaxConcurrentSubrequests = maxConcurrentSubrequests, SlicePatterns = ["^/"] },
        _time);
}
