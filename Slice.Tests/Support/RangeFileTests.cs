namespace Slice.Tests.Support;

public sealed class RangeFileTests
{
    [Theory]
    [InlineData("bytes=0-0", 0, 1)]
    [InlineData("bytes=5-", 5, 16)]
    [InlineData("bytes=10-99", 10, 16)]
    [InlineData("bytes=-3", 13, 16)]
    [InlineData("bytes=-99", 0, 16)]
    public async Task Range_is_answered_206_with_its_span(string range, int start, int end)
    {
        var file = new RangeFile(16);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        RawResponse response = await RawClient.GetAsync(origin.EndPoint, "/", $"Range: {range}");
        Assert.Equal(
            (206, $"bytes {start}-{end - 1}/16", "\"v1\""), (response.StatusCode, response.Field("Content-Range"), response.Field("ETag")));
        Assert.Equal(TestContent.Bytes(start, end - start, seed: 1), response.Body);
        Assert.Equal(end - start, file.ContentBytesSent);
    }

    [Fact]
    public async Task Range_past_the_end_is_answered_416()
    {
        var file = new RangeFile(16);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        RawResponse response = await RawClient.GetAsync(origin.EndPoint, "/", "Range: bytes=16-");
        Assert.Equal((416, "bytes */16"), (response.StatusCode, response.Field("Content-Range")));
    }

    [Fact]
    public async Task Huge_object_is_verified_as_it_streams()
    {
        var file = new RangeFile(64L << 20);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        using var sink = new VerifyingSink(file.Content);
        RawResponse response = await RawClient.GetVerifiedAsync(origin.EndPoint, "/", sink, TimeSpan.FromMinutes(1));
        Assert.Equal((200, 64L << 20, 64L << 20), (response.StatusCode, sink.Count, file.ContentBytesSent));
    }

    [Theory]
    [InlineData("If-Match: \"v1\"", 200)]
    [InlineData("If-Match: \"v0\", \"v1\"", 200)]
    [InlineData("If-Match: W/\"v1\"", 412)]
    [InlineData("If-Match: \"v2\"", 412)]
    [InlineData("If-None-Match: W/\"v1\"", 304)]
    [InlineData("If-None-Match: \"v2\"", 200)]
    [InlineData("If-Unmodified-Since: Thu, 01 Jan 2026 00:00:01 GMT", 200)]
    [InlineData("If-Unmodified-Since: Thu, 01 Jan 2026 00:00:00 GMT", 412)]
    [InlineData("If-Modified-Since: Thu, 01 Jan 2026 00:00:01 GMT", 304)]
    public async Task Precondition_decides_the_status(string field, int status)
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(16).AnswerAsync);
        Assert.Equal(status, (await RawClient.GetAsync(origin.EndPoint, "/", field)).StatusCode);
    }

    [Theory]
    [InlineData("\"v1\"", 206)]
    [InlineData("\"v2\"", 200)]
    [InlineData("W/\"v1\"", 200)]
    public async Task If_Range_decides_between_part_and_whole(string tag, int status)
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(16).AnswerAsync);
        Assert.Equal(status, (await RawClient.GetAsync(origin.EndPoint, "/", "Range: bytes=0-1", $"If-Range: {tag}")).StatusCode);
    }

    public static TheoryData<RangeFault, string> Lies => new()
    {
        { new RangeFault { IgnoresRange = true }, "200 -" },
        { new RangeFault { StartShift = 1 }, "206 bytes 5-7/16" },
        { new RangeFault { EndShift = 2 }, "206 bytes 4-9/16" },
        { new RangeFault { AtMostBytes = 2 }, "206 bytes 4-5/16" },
        { new RangeFault { ContentRange = "bytes 0-3/16" }, "206 bytes 0-3/16" },
        { new RangeFault { ContentRange = "" }, "206 -" },
        { new RangeFault { IsChunked = true }, "206 bytes 4-7/16" },
        { new RangeFault { Status = "503 Service Unavailable", Fields = ["Retry-After: 1"] }, "503 -" },
        { new RangeFault { Status = "302 Found", Fields = ["Location: /x"] }, "302 -" },
    };

    [Theory]
    [MemberData(nameof(Lies), DisableDiscoveryEnumeration = true)]
    public async Task Fault_shows_in_the_answer_and_then_ends(RangeFault fault, string expected)
    {
        var file = new RangeFile(16) { Fault = RangeFile.OnFirst(1, fault) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        RawResponse lie = await RawClient.GetAsync(origin.EndPoint, "/", "Range: bytes=4-7");
        Assert.Equal(expected, $"{lie.StatusCode} {lie.Field("Content-Range") ?? "-"}");
        RawResponse truth = await RawClient.GetAsync(origin.EndPoint, "/", "Range: bytes=4-7");
        Assert.Equal("bytes 4-7/16", truth.Field("Content-Range"));
        Assert.Equal(TestContent.Bytes(4, 4, seed: 1), truth.Body);
    }

    [Theory]
    [InlineData(false, ResponseEnding.CutByClose)]
    [InlineData(true, ResponseEnding.CutByReset)]
    public async Task Cut_body_ends_early_as_asked(bool byReset, ResponseEnding ending)
    {
        var file = new RangeFile(1000) { Fault = RangeFile.OnRequest(1, new RangeFault { CutAfterBytes = 10, CutsByReset = byReset }) };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        RawResponse response = await client.ReadHeadAsync();
        Assert.Equal("1000", response.Field("Content-Length"));
        await (ending == ResponseEnding.CutByReset ? client.ExpectResetAsync() : client.ReadBytesAsync(10));
        await (ending == ResponseEnding.CutByReset ? Task.CompletedTask : client.ExpectClosedAsync());
        Assert.Equal(10, file.ContentBytesSent);
    }

    [Fact]
    public async Task Body_waits_at_its_gate()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var file = new RangeFile(16) { Fault = _ => new RangeFault { PauseAfterBytes = 3, BodyGate = gate.Task } };
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        using RawClient client = await RawClient.ConnectAsync(origin.Port);
        await client.SendAsync(RawClient.Request("GET", "/"));
        await client.ReadHeadAsync();
        await client.ReadBytesAsync(3);
        Assert.Equal(3, file.ContentBytesSent);
        gate.SetResult();
        Assert.Equal(TestContent.Bytes(3, 13, seed: 1), await client.ReadBytesAsync(13));
    }

    [Fact]
    public async Task Change_takes_effect_at_its_request()
    {
        var file = new RangeFile(16);
        file.Fault = file.ChangeAtRequest(2, seed: 2, lengthBytes: 8);
        await using var origin = ScriptedOrigin.Start(file.AnswerAsync);
        Assert.Equal("\"v1\"", (await RawClient.GetAsync(origin.EndPoint, "/")).Field("ETag"));
        RawResponse changed = await RawClient.GetAsync(origin.EndPoint, "/");
        Assert.Equal("\"v2\"", changed.Field("ETag"));
        Assert.Equal(TestContent.Bytes(0, 8, seed: 2), changed.Body);
    }

    [Fact]
    public async Task Empty_object_is_200_without_content()
    {
        await using var origin = ScriptedOrigin.Start(new RangeFile(0) { ETag = null, LastModified = null }.AnswerAsync);
        RawResponse response = await RawClient.GetAsync(origin.EndPoint, "/");
        Assert.Equal((200, "0", null), (response.StatusCode, response.Field("Content-Length"), response.Field("ETag")));
    }
}
