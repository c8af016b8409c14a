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
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 3, () => _server.Open());
        await Task.WhenAll(Enumerable.Range(0, 3).Select(index => fleet[index].GetAsync("/file")));
        await fleet[0].PurgeAsync("/file", "X-Purge-Soft: 1");
        _file.Seed = 2;
        _file.ETag = "\"v2\"";
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, 2, TimeSpan.Zero);
        long before = _file.ContentBytesSent;

        var answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(index => fleet[index].GetAsync("/file")));

        Assert.All(answers, answer => Assert.Equal(TestContent.Bytes(0, 16, 2), answer.Body));

        // Once, and at most a slice or two again where the news come in the middle. Each for itself would be 48 bytes.
        Assert.InRange(_file.ContentBytesSent, before + 16, before + 24);
    }
}
