using Microsoft.Extensions.Time.Testing;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd;

/// <summary>
/// An object that was modified in the very second in which it is fetched may change once more in that second, and keep length, date and a
/// tag that is made of both, as nginx makes it (B25, RFC 9110 §8.8.2.2).
/// </summary>
public sealed class OfItsSecondTests
{
    private const int LengthBytes = 32;
    private const int LongSlices = 40;

    private static readonly DateTimeOffset s_second = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider _time = new(s_second.AddMilliseconds(300));
    private readonly RangeFile _file = new(LengthBytes) { ETag = "\"made-of-date-and-length\"", LastModified = s_second };

    [Theory]
    [InlineData("\"made-of-date-and-length\"")]
    [InlineData("W/\"weak\"")]
    [InlineData(null)]
    [Trait("Behaviour", "B25")]
    public async Task Part_of_that_second_is_not_joined_with_a_later_one(string? tag)
    {
        _file.ETag = tag;
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        _file.Seed = 2;
        _time.Advance(TimeSpan.FromSeconds(1));

        var later = await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(5));
        var stored = await proxy.GetAsync("/file");

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), later.Body);
        Assert.EndsWith("; detail=weak-validator", later.Field("Cache-Status"), StringComparison.Ordinal);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 2), stored.Body);
        Assert.Equal("HIT", stored.Field("X-Cache"));
        Assert.Equal(1 + 4, origin.RequestCount);
    }

    // In one fetch, and where the operator says that tags are proof, all is joined as ever; so is what was modified a second before.
    [Theory]
    [InlineData(ValidatorStrength.Strict, 0, 0, false)]
    [InlineData(ValidatorStrength.Strict, 1, 0, true)]
    [InlineData(ValidatorStrength.EntityTag, 1, 0, false)]
    [InlineData(ValidatorStrength.LastModified, 1, 0, false)]
    [InlineData(ValidatorStrength.Length, 1, 0, false)]
    [InlineData(ValidatorStrength.Strict, 1, -1, false)]
    [InlineData(ValidatorStrength.Strict, 1, 1, false)]
    [Trait("Behaviour", "B25")]
    public async Task Parts_are_joined_where_nothing_is_in_doubt(
        ValidatorStrength validator, int secondsLater, int modifiedSeconds, bool isAnew)
    {
        _file.LastModified = s_second.AddSeconds(modifiedSeconds);
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin, validator);
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        _time.Advance(TimeSpan.FromSeconds(secondsLater));

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), (await proxy.GetAsync("/file")).Body);
        Assert.Equal(isAnew ? 5 : 4, origin.RequestCount);
    }

    [Fact]
    [Trait("Behaviour", "B25")]
    public async Task Object_that_was_fetched_whole_in_that_second_stays_fresh()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file");
        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("HIT", (await proxy.GetAsync("/file", "Range: bytes=9-20")).Field("X-Cache"));
        Assert.Equal(4, origin.RequestCount);
    }

    // Whoever begins in that second joins the one fetch of it, wherever the range lies.
    [Fact]
    [Trait("Behaviour", "B25")]
    public async Task Clients_of_that_second_cost_the_origin_each_slice_once()
    {
        _file.LengthBytes = LongSlices * 8;
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin);

        await AssertAnswersAsync(AskAll(proxy), seed: 1);
        _time.Advance(TimeSpan.FromSeconds(5));
        await AssertAnswersAsync(AskAll(proxy), seed: 1);

        Assert.Equal(LongSlices, origin.RequestCount);
    }

    // The second ends while the second slice is on its way.
    [Theory]
    [InlineData("\"made-of-date-and-length\"", 1)]
    [InlineData("\"made-of-date-and-length\"", 2)]
    [InlineData("W/\"weak\"", 2)]
    [InlineData(null, 2)]
    [Trait("Behaviour", "B25")]
    public async Task Clients_of_that_second_and_after_it_cost_the_origin_the_slices_of_that_second_once_more(string? tag, int laterSeed)
    {
        const int slicesOfTheSecond = 2;
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _file.LengthBytes = LongSlices * 8;
        _file.ETag = tag;
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            await exchange.WaitAsync(exchange.Request.Number < slicesOfTheSecond ? Task.CompletedTask : held.Task);
            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin, ValidatorStrength.Strict, concurrent: 1);
        var first = Enumerable.Range(0, 20).Select(_ => proxy.GetAsync("/file")).ToArray();
        await origin.RequestsArrivedAsync(slicesOfTheSecond);

        _file.Seed = laterSeed;
        _time.Advance(TimeSpan.FromSeconds(1));
        var later = AskAll(proxy);
        held.SetResult();

        await AssertAnswersAsync(later, laterSeed);
        Assert.All(await Task.WhenAll(first), response => Assert.Equal(_file.LengthBytes, response.BodyBytes));
        await AssertAnswersAsync(AskAll(proxy), laterSeed);
        Assert.InRange(origin.RequestCount, LongSlices, LongSlices + slicesOfTheSecond);
    }

    // What comes as one body is one fetch, however long it takes.
    [Fact]
    [Trait("Behaviour", "B12")]
    [Trait("Behaviour", "B25")]
    public async Task Body_of_the_whole_that_began_in_that_second_is_joined_after_it()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _file.SupportsRanges = false;
        _file.Fault = _ => new RangeFault { PauseAfterBytes = 9, BodyGate = gate.Task };
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await client.ReadHeadAsync();
        _time.Advance(TimeSpan.FromSeconds(2));

        var later = proxy.GetAsync("/file");
        await Eventually.TrueAsync(() => proxy.Instance.Parts.Meter.ActiveRequests.Value == 2, "both are under way");
        gate.SetResult();

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), (await later).Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), await client.ReadBytesAsync(LengthBytes));
        Assert.Equal(1, origin.RequestCount);
    }

    // A client that has a copy needs no slice: the empty record goes.
    [Fact]
    [Trait("Behaviour", "B25")]
    public async Task Nothing_empty_stays_behind_an_answer_without_content()
    {
        await using var origin = ScriptedOrigin.Start(AnswerAsync);
        await using var proxy = await StartAsync(origin);
        await proxy.GetAsync("/file", "Range: bytes=0-7");
        _time.Advance(TimeSpan.FromSeconds(1));

        var answer = await proxy.GetAsync("/file", $"If-None-Match: {_file.ETag}");

        Assert.Equal(304, answer.StatusCode);
        await Eventually.TrueAsync(() => proxy.Composition.Index.Count == 0, "the index is empty");
        await Eventually.TrueAsync(() => proxy.Composition.Store.UsedBytes == 0, "the store is empty");
        Assert.Equal(1, origin.RequestCount);
    }

    // A download that has begun in that second goes on while others fetch the object anew.
    [Fact]
    [Trait("Behaviour", "B25")]
    public async Task Download_under_way_goes_on_beside_a_new_fetch()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var origin = ScriptedOrigin.Start(async exchange =>
        {
            if (exchange.Request.Number == 2)
            {
                await exchange.WaitAsync(gate.Task);
            }

            await AnswerAsync(exchange);
        });
        await using var proxy = await StartAsync(origin, ValidatorStrength.Strict, concurrent: 1);
        using var client = await RawClient.ConnectAsync(proxy.EndPoint);
        await client.SendAsync(RawClient.Request("GET", "/file"));
        await origin.RequestsArrivedAsync(2);
        _time.Advance(TimeSpan.FromSeconds(2));

        var other = await proxy.GetAsync("/file");
        gate.SetResult();
        var first = await client.ReadResponseAsync();

        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), other.Body);
        Assert.Equal(TestContent.Bytes(0, LengthBytes, seed: 1), first.Body);
    }

    // Ten clients for the whole, ten for ranges that begin and end inside slices.
    private static (int First, Task<RawResponse> Response)[] AskAll(ProxyUnderTest proxy) =>
    [
        .. Enumerable.Range(0, 10).Select(_ => (0, proxy.GetAsync("/file"))),
        .. Enumerable.Range(0, 10).Select(client => client * 31)
            .Select(first => (first, proxy.GetAsync("/file", $"Range: bytes={first}-{first + 40}"))),
    ];

    private async Task AssertAnswersAsync((int First, Task<RawResponse> Response)[] answers, int seed)
    {
        foreach (var (first, response) in answers)
        {
            var answer = await response;
            int length = answer.StatusCode == 206 ? 41 : (int)_file.LengthBytes;
            Assert.Equal(TestContent.Bytes(first, length, seed), answer.Body);
        }
    }

    private Task AnswerAsync(OriginExchange exchange)
    {
        _file.Time = _time;
        _file.ExtraFields = ["Cache-Control: max-age=600"];
        return _file.AnswerAsync(exchange);
    }

    private Task<ProxyUnderTest> StartAsync(
        ScriptedOrigin origin, ValidatorStrength validator = ValidatorStrength.Strict, int concurrent = 4) =>
        ProxyUnderTest.StartAsync(
            origin.Uri, 8, options => options with { Validator = validator, MaxConcurrentSubrequests = concurrent }, _time);
}
