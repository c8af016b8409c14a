using Microsoft.Extensions.Time.Testing;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>Ranges of files whose origin gives wholes only: what is read for one client is there for the next (B12).</summary>
public sealed class RangeOfWholeTests
{
    private const int LengthBytes = 64;
    private const int SliceBytes = 16;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow.AddDays(-1));
    private readonly RangeFile _file = new(LengthBytes) { SupportsRanges = false, ExtraFields = ["Cache-Control: max-age=60"] };

    [Theory]
    [InlineData("bytes=20-23")]
    [InlineData("bytes=0-0")]
    [InlineData("bytes=-1")]
    [InlineData("bytes=0-1,30-31")]
    [Trait("Behaviour", "B12")]
    public async Task First_range_costs_the_whole_and_every_later_one_is_a_hit(string range)
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, fillWholeBytes: LengthBytes);

        var first = await proxy.GetAsync("/file", $"Range: {range}");
        await StoredAsync(proxy, 4);
        var later = await proxy.GetAsync("/file", "Range: bytes=60-");
        var whole = await proxy.GetAsync("/file");

        Assert.Equal(206, first.StatusCode);
        Assert.Equal(("HIT", "bytes 60-63/64"), (later.Field("X-Cache"), later.Field("Content-Range")));
        Assert.Equal(TestContent.Bytes(60, 4, _file.Seed), later.Body);
        Assert.Equal(("HIT", LengthBytes), (whole.Field("X-Cache"), whole.Body.Length));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), whole.Body);
        Assert.Equal(1, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B12")]
    public async Task What_was_read_answers_ranges_inside_and_a_later_whole_brings_the_rest()
    {
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, fillWholeBytes: 0);
        await proxy.GetAsync("/file", "Range: bytes=20-23");
        await StoredAsync(proxy, 2);
        await EndedAsync(proxy);

        var inside = await proxy.GetAsync("/file", "Range: bytes=10-30");
        var several = await proxy.GetAsync("/file", "Range: bytes=0-1,30-31");
        var unchanged = await proxy.GetAsync("/file", "If-None-Match: \"v1\"");
        Assert.Equal(("HIT", "HIT", 304), (inside.Field("X-Cache"), several.Field("X-Cache"), unchanged.StatusCode));
        Assert.Equal(TestContent.Bytes(10, 21, _file.Seed), inside.Body);
        Assert.Equal(1, origin.RequestCount);

        var behind = await proxy.GetAsync("/file", "Range: bytes=10-");
        await EndedAsync(proxy);
        var whole = await proxy.GetAsync("/file");
        Assert.Equal(TestContent.Bytes(10, 54, _file.Seed), behind.Body);
        Assert.Contains("; detail=incomplete", behind.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal("HIT", whole.Field("X-Cache"));
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed), whole.Body);
        Assert.Equal((2, 4), (origin.RequestCount, proxy.Composition.Store.SliceCount));
    }

    [Fact]
    [Trait("Behaviour", "B24")]
    public async Task What_was_read_of_an_earlier_version_never_meets_the_new_one()
    {
        await using var origin = ScriptedOrigin.Start(exchange => (exchange.Request.Number == 1 ? _file : Changed()).AnswerAsync(exchange));
        await using var proxy = await StartAsync(origin, fillWholeBytes: 0);
        await proxy.GetAsync("/file", "Range: bytes=20-23");
        await StoredAsync(proxy, 2);
        await EndedAsync(proxy);

        var behind = await proxy.GetAsync("/file", "Range: bytes=10-");
        await EndedAsync(proxy);

        Assert.Equal(TestContent.Bytes(10, 54, _file.Seed + 1), behind.Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, _file.Seed + 1), (await proxy.GetAsync("/file")).Body);

        RangeFile Changed() => new(LengthBytes, _file.Seed + 1) { SupportsRanges = false, ETag = "\"v2\"" };
    }

    // The other one, who came for the same answer, has had its range and left before this one begins to read.
    [Theory]
    [InlineData("bytes=0-63")]
    [InlineData("bytes=0-20,40-50")]
    [Trait("Behaviour", "B12")]
    public async Task Client_that_comes_to_a_body_after_its_last_reader_has_left_gets_another(string range)
    {
        _file.ETag = null;
        _file.LastModified = null;
        await using var origin = ScriptedOrigin.Start(_file.AnswerAsync);
        await using var proxy = await StartAsync(origin, fillWholeBytes: 0);
        using var hasLeft = new ManualResetEventSlim();
        var isHeld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int plans = 0;
        proxy.Hear(line =>
        {
            if (line.Contains(" planned ", StringComparison.Ordinal) && Interlocked.Increment(ref plans) == 1)
            {
                isHeld.SetResult();
                hasLeft.Wait(TestContext.Current.CancellationToken);
            }
        });
        var held = proxy.GetAsync("/file", $"Range: {range}");
        await Deadline.WithinAsync(isHeld.Task, "a plan");
        Assert.Equal(TestContent.Bytes(0, 20, _file.Seed), (await proxy.GetAsync("/file", "Range: bytes=0-19")).Body);
        await EndedAsync(proxy);
        hasLeft.Set();

        var answer = await held;
        Assert.Equal((206, ResponseEnding.Complete), (answer.StatusCode, answer.Ending));
        Assert.Equal(2, origin.RequestCount);
    }

    // A body of which the rest is coming has not been left.
    [Theory]
    [InlineData("private, max-age=60")]
    [InlineData("no-cache")]
    [InlineData("max-age=60")]
    [Trait("Behaviour", "B12")]
    public async Task Whole_of_one_slice_that_is_still_coming_is_asked_for_once(string control)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nCache-Control: {control}\r\nContent-Length: 8\r\n\r\n");
            await exchange.WaitAsync(gate.Task);
            await exchange.SendAsync("01234567");
        });
        await using var proxy = await StartAsync(origin, fillWholeBytes: 0);
        var asking = proxy.GetAsync("/file");
        await Eventually.TrueAsync(
            () => proxy.Log.Any(static line => line.Contains(" planned ", StringComparison.Ordinal)), () => "a plan");
        gate.SetResult();

        var answer = await asking;
        Assert.Equal((200, 8, "MISS"), (answer.StatusCode, answer.Body.Length, answer.Field("X-Cache")));
        Assert.Equal(1, origin.RequestCount);
    }

    private static Task StoredAsync(ProxyUnderTest proxy, int slices) => Eventually.TrueAsync(
        () => proxy.Composition.Store.SliceCount == slices, () => $"{proxy.Composition.Store.SliceCount} slices");

    private static Task EndedAsync(ProxyUnderTest proxy) => Eventually.TrueAsync(
        () => proxy.Composition.Index.Generations.All(generation => generation.Fill is null), () => "the fill has ended");

    private Task<ProxyUnderTest> StartAsync(ScriptedOrigin origin, long fillWholeBytes) => ProxyUnderTest.StartAsync(
        origin.Uri,
        SliceBytes,
        options => options with { SlicePatterns = ["^/"], FillWholeBytes = fillWholeBytes, MaxConcurrentSubrequests = 2 },
        _time);
}
