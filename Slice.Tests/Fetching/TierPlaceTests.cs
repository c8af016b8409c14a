using Microsoft.Extensions.Time.Testing;
using Slice.Core.Fetching;
using Slice.Core.Origin;
using Slice.Tests.Support;

namespace Slice.Tests.Fetching;

/// <summary>Slices that let another one go first at the shared tier wait for it, and never for long.</summary>
public sealed class TierPlaceTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FetchBed _bed = new();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task Place_behind_another_comes_when_that_one_has_left()
    {
        var first = new TierPlace(null);
        var coming = new TierPlace(first).ComesAsync(_time, Ct).AsTask();
        Assert.False(coming.IsCompleted);

        first.Leave();
        first.Leave();

        await Deadline.WithinAsync(coming, "the place behind");
    }

    // Somebody has stored its slice just before it was added, so that it never came to the tier: those behind it waited for ever.
    [Fact]
    public async Task Fetch_that_ends_without_a_look_keeps_nobody()
    {
        var ended = new SliceFetch(_bed.Publish(FakeContent.Sixteen), 0) { TierPlace = new TierPlace(null) };
        ended.End(Failure.None);

        await Deadline.WithinAsync(new TierPlace(ended.TierPlace).ComesAsync(_time, Ct).AsTask(), "the place behind");
    }

    [Fact]
    public async Task Place_behind_one_that_never_leaves_comes_after_a_second()
    {
        var coming = new TierPlace(new TierPlace(null)).ComesAsync(_time, Ct).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(coming.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        await Deadline.WithinAsync(coming, "the place behind");
    }

    [Fact]
    public async Task Wait_for_a_place_ends_with_its_token()
    {
        using var leaving = new CancellationTokenSource();
        var coming = new TierPlace(new TierPlace(null)).ComesAsync(_time, leaving.Token).AsTask();

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => coming);
    }
}
