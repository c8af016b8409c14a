using System.Diagnostics;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>Many purges at once with a store that does not answer.</summary>
public sealed class ManyPurgesTests : IAsyncDisposable
{
    private readonly MemoryKeyValueServer _server = new();
    private readonly ScriptedOrigin _origin = ScriptedOrigin.Start(new RangeFile(16).AnswerAsync);

    public ValueTask DisposeAsync() => _origin.DisposeAsync();

    // One after the other each would wait for two deadlines or more: 50 for 20 s and longer.
    [Fact]
    public async Task Purges_at_a_silent_store_do_not_wait_for_each_other()
    {
        await using var fleet = await Fleet.StartAsync(
            _origin.Uri,
            1,
            () => _server.Open(),
            options => options with { SharedCache = options.SharedCache with { Timeout = TimeSpan.FromMilliseconds(50) } });
        _server.IsSilent = true;
        long began = Stopwatch.GetTimestamp();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(index => fleet[0].PurgeAsync($"/file/{index}")));

        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(8));
        Assert.All(answers, static answer => Assert.Equal(500, answer.StatusCode));
        _server.IsSilent = false;
    }
}
