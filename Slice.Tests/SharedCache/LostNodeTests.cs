using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>One of several nodes of a store is away: what is at the others goes on.</summary>
public sealed class LostNodeTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin;
    private readonly RangeFile _file = new(16) { ExtraFields = ["Cache-Control: max-age=600"] };

    public LostNodeTests() => _origin = ScriptedOrigin.Start(_file.AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    [Fact]
    public async Task Counter_that_cannot_be_reached_keeps_no_other_news_back()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        foreach (string target in new[] { "/one", "/two" })
        {
            await ExpectAsync(fleet[0], target, seed: 1);
            await ExpectAsync(fleet[1], target, seed: 1);
        }

        string lost = fleet[0].Composition.Tier!.Names.RemovalsOf("/one"u8);
        _server.IsLost = key => key == lost;
        Change(seed: 2);
        Assert.Equal(500, (await fleet[0].PurgeAsync("/one")).StatusCode);
        Assert.Equal(200, (await fleet[0].PurgeAsync("/two")).StatusCode);
        await fleet[0].GetAsync("/three");
        Change(seed: 3);
        await fleet[0].GetAsync("/three", "Cache-Control: no-cache");

        await Eventually.TrueAsync(
            () => fleet[1].Composition.Tier!.Meter.NewsHeard >= 3, () => "the change of /three to be heard");
        await ExpectAsync(fleet[1], "/two", seed: 3);

        // It is said in the log, whatever becomes of the counter.
        await ExpectAsync(fleet[1], "/one", seed: 3);
    }

    [Fact]
    public async Task Entry_of_the_log_that_cannot_be_written_is_told_by_the_next_one()
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 2, () => _server.Open());
        await ExpectAsync(fleet[0], "/one", seed: 1);
        await ExpectAsync(fleet[1], "/one", seed: 1);
        var names = fleet[0].Composition.Tier!.Names;
        long latest = await _server.Open().ReadCounterAsync(names.News, TestContext.Current.CancellationToken);
        string lost = names.NewsAt(latest + 1);
        _server.IsLost = key => key == lost;
        Change(seed: 2);

        var answer = await fleet[0].PurgeAsync("/one");

        Assert.Equal(200, answer.StatusCode);
        await ExpectAsync(fleet[1], "/one", seed: 2);
        Assert.Equal(TierState.Up, fleet[1].Composition.Tier!.State);
        Assert.Equal(0, fleet[1].Composition.Tier!.Meter.NewsLost);
    }

    // Nothing is known of it, so it is neither read nor written, whatever there is of it.
    [Theory]
    [InlineData('r')]
    [InlineData('d')]
    public async Task Look_for_an_object_whose_counter_cannot_be_reached_is_counted_as_an_error(char counter)
    {
        await using var fleet = await Fleet.StartAsync(_origin.Uri, 1, () => _server.Open());
        var tier = fleet[0].Composition.Tier!;
        string lost = counter == 'r' ? tier.Names.RemovalsOf("/one"u8) : tier.Names.DoubtsOf("/one"u8);
        _server.IsLost = key => key == lost;

        await ExpectAsync(fleet[0], "/one", seed: 1);

        Assert.Equal([new("error", 1)], tier.Meter.Reads.Read());
    }

    private static async Task ExpectAsync(ProxyUnderTest proxy, string target, int seed)
    {
        var answer = await proxy.GetAsync(target);
        Assert.Equal(200, answer.StatusCode);
        Assert.Equal(TestContent.Bytes(0, 16, seed), answer.Body);
    }

    private void Change(int seed)
    {
        _file.Seed = seed;
        _file.ETag = $"\"v{seed}\"";
        _file.LastModified = new DateTimeOffset(2026, 1, 1, 0, 0, seed, TimeSpan.Zero);
    }
}
