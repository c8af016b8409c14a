using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// Objects that come coded in every part, as they are stored at the origin: the coding is a part of their version, and clients are told of
/// it (B16).
/// </summary>
[Trait("Behaviour", "B16")]
public sealed class CodedPartsTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(18);

    [Theory]
    [InlineData("gzip", "gzip")]
    [InlineData("x-gzip", "x-gzip")]
    [InlineData("GZIP", "GZIP")]
    [InlineData("gzip, br", "gzip, br")]
    [InlineData("aws-chunked", "aws-chunked")]
    [InlineData("UTF-8", "UTF-8")]
    [InlineData("identity", "identity")]
    [InlineData("", "")]
    public async Task Coding_that_every_part_has_is_told_whatever_the_client_accepts(string coding, string told)
    {
        _file.ExtraFields = ["Content-Encoding: " + coding, "Cache-Control: max-age=60"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var cold = await proxy.GetAsync("/file", "Accept-Encoding: br");
        var warm = await proxy.GetAsync("/file", "Accept-Encoding: identity");
        var range = await proxy.GetAsync("/file", "Range: bytes=3-9");
        int asked = origin.RequestCount;
        _time.Advance(TimeSpan.FromSeconds(61));
        var validated = await proxy.GetAsync("/file");
        var head = await HeadAsync(proxy);
        var notModified = await proxy.GetAsync("/file", "If-None-Match: " + _file.ETag);

        Assert.All([cold, warm, validated], response => Assert.Equal(TestContent.Bytes(0, 18, _file.Seed), response.Body));
        Assert.All([cold, warm, range, validated, head], response => Assert.Equal([told], response.Fields("Content-Encoding")));
        Assert.Equal((206, "HIT"), (range.StatusCode, range.Field("X-Cache")));
        Assert.Equal(TestContent.Bytes(3, 7, _file.Seed), range.Body);
        Assert.Equal((304, null), (notModified.StatusCode, notModified.Field("Content-Encoding")));
        Assert.Equal((5, 6), (asked, origin.RequestCount));
    }

    // At every place: which coding the object has, the first answer says.
    [Theory]
    [InlineData(0, "Content-Encoding: br")]
    [InlineData(2, "Content-Encoding: br")]
    [InlineData(4, "Content-Encoding: br")]
    [InlineData(0, null)]
    [InlineData(2, null)]
    [InlineData(4, null)]
    [Trait("Behaviour", "B60")]
    public async Task Part_that_is_coded_otherwise_is_not_joined(int slice, string? field)
    {
        _file.ExtraFields = [];
        int odd = 0;
        _file.Fault = exchange =>
        {
            bool isOdd = exchange.Request.Range is { } range && range.First == 4 * slice && Interlocked.Increment(ref odd) == 1;
            return new RangeFault { Fields = !isOdd ? ["Content-Encoding: gzip"] : field is null ? [] : [field] };
        };
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", slice == 0 ? "Range: bytes=4-4" : "Range: bytes=0-0");

        var response = await proxy.GetAsync("/file");

        Assert.Equal((200, "gzip"), (response.StatusCode, response.Field("Content-Encoding")));
        Assert.Equal(TestContent.Bytes(0, 18, _file.Seed), response.Body);
        Assert.Equal(2, odd);
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task Object_that_is_coded_from_now_on_is_another_version()
    {
        _file.ExtraFields = [];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-0");
        _file.ExtraFields = ["Content-Encoding: gzip"];

        var response = await proxy.GetAsync("/file", "Range: bytes=4-7");

        Assert.Equal((206, "gzip"), (response.StatusCode, response.Field("Content-Encoding")));
        Assert.Equal("MISS", (await proxy.GetAsync("/file", "Range: bytes=0-3")).Field("X-Cache"));
    }

    // Who codes anew for each answer does not say by a weak tag, or by none, that the bytes are the same.
    [Theory]
    [InlineData("W/\"v1\"")]
    [InlineData(null)]
    [Trait("Behaviour", "B59")]
    public async Task Coded_part_without_a_strong_validator_is_not_believed(string? tag)
    {
        _file.ETag = tag;
        _file.LastModified = null;
        _file.ExtraFields = ["Content-Encoding: gzip"];
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin);

        var response = await proxy.GetAsync("/file");

        Assert.Equal((200, "BYPASS"), (response.StatusCode, response.Field("X-Cache")));
        Assert.Equal(TestContent.Bytes(0, 18, _file.Seed), response.Body);
        Assert.Null(origin.Requests[^1].Range);
    }

    // A Content-Encoding over several parts would be that of their heads too.
    [Fact]
    [Trait("Behaviour", "B7")]
    public async Task Several_ranges_of_a_coded_object_are_answered_with_all_of_it()
    {
        var file = new RangeFile(4000) { ExtraFields = ["Content-Encoding: gzip"] };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        await using var proxy = await ProxyUnderTest.StartAsync(origin.Uri, sliceSizeBytes: 512);

        var several = await proxy.GetAsync("/file", "Range: bytes=0-9,2000-2009");
        var joined = await proxy.GetAsync("/file", "Range: bytes=0-9,5-19");

        Assert.Equal((200, 4000), (several.StatusCode, several.Body.Length));
        Assert.Equal((206, 20), (joined.StatusCode, joined.Body.Length));
    }

    private static async Task<RawResponse> HeadAsync(ProxyUnderTest proxy)
    {
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("HEAD", "/file"));
        return await client.ReadResponseAsync("HEAD");
    }

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin) => ProxyUnderTest.StartAsync(
        origin.Uri,
        sliceSizeBytes: 4,
        options => options with { MaxRetries = 0, MaxConcurrentSubrequests = 1, SlicePatterns = ["^/"] },
        _time);
}
