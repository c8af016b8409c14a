using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>Several instances find out at once that an object is not fresh any more, and that it has changed.</summary>
public sealed class ChangedTogetherTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public ChangedTogetherTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task Change_that_all_look_for_at_once_is_not_fetched_by_each_of_them()
    {
        await using var fleet = await StartWithFirstVersionAsync(3);
        long before = _file.ContentBytesSent;

        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(index => fleet[index].GetAsync("/file")));

        Assert.All(answers, answer => Assert.Equal(TestContent.Bytes(0, 16, 2), answer.Body));

        // Once, and at most a slice or two again where the news come in the middle. Each for itself would be 48 bytes.
        Assert.InRange(_file.ContentBytesSent, before + 16, before + 24);
    }

    // Instance 1 has asked the origin before it hears of the change, and is answered afterwards, with the new version: the slices behind
    // the first one are in the tier.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answer_that_was_under_way_when_another_told_of_the_change_is_no_reason_to_fetch_it_all(bool isThereAlready)
    {
        await using var fleet = await StartWithFirstVersionAsync(2, collapses: false);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _file.Fault = RangeFile.OnFirst(_file.RequestCount + 1, RangeFault.None with { HeadGate = gate.Task });
        int asked = _origin.RequestCount;
        var late = fleet[1].GetAsync("/file");
        await _origin.RequestsArrivedAsync(asked + 1);
        _file.Fault = null;
        long before = _file.ContentBytesSent;
        await fleet[0].GetAsync("/file");
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsHeard >= 2, "the change to be heard of");
        await Eventually.TrueAsync(() => _server.Keys.Count(IsSlice) == 8, "the slices of both versions in the tier");
        if (isThereAlready)
        {
            Assert.Equal(TestContent.Bytes(0, 16, 2), (await fleet[1].GetAsync("/file")).Body);
        }

        gate.SetResult();

        Assert.Equal(TestContent.Bytes(0, 16, 2), (await late).Body);
        Assert.InRange(_file.ContentBytesSent, before + 16, before + 20);
    }

    // The same with the old version, of an origin of several addresses: what is kept of the answer is validated before its next use.
    [Fact]
    public async Task Old_version_that_was_under_way_when_another_told_of_the_change_is_not_used_again()
    {
        await using var fleet = await StartWithFirstVersionAsync(2, collapses: false);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var old = new RangeFile(16)
        {
            ExtraFields = _file.ExtraFields,
            Fault = RangeFile.OnFirst(1, RangeFault.None with { HeadGate = gate.Task }),
        };
        int asked = _origin.RequestCount;
        _origin.Answer = old.AnswerAsync;
        var late = fleet[1].GetAsync("/file");
        await _origin.RequestsArrivedAsync(asked + 1);
        _origin.Answer = _file.AnswerAsync;
        await fleet[0].GetAsync("/file");
        await Eventually.TrueAsync(() => fleet[1].Composition.Tier!.Meter.NewsHeard >= 2, "the change to be heard of");

        gate.SetResult();

        Assert.Equal(200, (await late).StatusCode);
        Assert.Equal(TestContent.Bytes(0, 16, 2), (await fleet[1].GetAsync("/file")).Body);
    }

    private static bool IsSlice(string key) =>
        key.Contains(":s:", StringComparison.Ordinal) && !key.EndsWith(":t", StringComparison.Ordinal);

    // All have the first version, and are to validate it; the origin has the second.
    private async Task<Fleet> StartWithFirstVersionAsync(int count, bool collapses = true)
    {
        var fleet = await Fleet.StartAsync(
            _origin.Uri,
            count,
            () => _server.Open(),
            options => options with { SharedCache = options.SharedCache! with { Collapses = collapses } });
        await Task.WhenAll(Enumerable.Range(0, count).Select(index => fleet[index].GetAsync("/file")));
        await fleet[0].PurgeAsync("/file", "X-Purge-Soft: 1");
        foreach (int other in Enumerable.Range(1, count - 1))
        {
            await Eventually.TrueAsync(() => fleet[other].Composition.Tier!.Meter.NewsHeard >= 1, "the purge to be heard of");
        }

        _file.Seed = 2;
        _file.ETag = "\"v2\"";
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, 2, TimeSpan.Zero);
        return fleet;
    }
}
