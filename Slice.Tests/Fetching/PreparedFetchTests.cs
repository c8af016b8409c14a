using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>The place that a body has before the body goes on.</summary>
public sealed class PreparedFetchTests : IAsyncDisposable
{
    private readonly FetchBed _bed = new();

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    // Whoever found the object meanwhile would wait for ever, and so would the end of the process.
    [Fact]
    public async Task Slice_that_is_prepared_and_not_continued_fails_for_those_who_follow()
    {
        var generation = _bed.Publish(FakeContent.Sixteen);
        var prepared = _bed.Fetcher.Prepare(generation, 1);
        var reading = _bed.ReadAsync(generation, 1);
        prepared.Dispose();

        Assert.Equal(("", FetchError.ProxyInternalError), await reading);
        _bed.Origin.Answer = FakeContent.Sixteen.Result;
        Assert.Equal(("4567", FetchError.None), await _bed.ReadAsync(generation, 1));
    }

    [Fact]
    public async Task Whole_body_that_is_prepared_and_not_continued_fails_for_those_who_follow()
    {
        var generation = _bed.Publish(FakeContent.Sixteen, isWhole: true);
        var prepared = _bed.Fetcher.PrepareWhole(generation, _bed.Settings);
        Assert.True(generation.Fill!.TryAddReader());
        var reading = _bed.ReadAsync(generation, 1);
        prepared.Dispose();

        Assert.Equal(("", FetchError.ProxyInternalError), await reading);
        Assert.Equal((0, null), (_bed.Index.Count, generation.Fill));
    }
}
