using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Ranges;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>How long the store keeps what it is given: as long as that may be of use.</summary>
public sealed class TierComposerTests : IDisposable
{
    private static readonly StaleDefaults s_none = new(TimeSpan.Zero, TimeSpan.Zero);

    private readonly TierBed _bed = new();

    public void Dispose() => _bed.Dispose();

    /// <summary>Seconds of freshness, of age, of stale-while-revalidate and stale-if-error (-1: not said), and of the lifetime.</summary>
    public static TheoryData<double, double, int, int, double> Lifetimes { get; } = new()
    {
        { 60, 0, 0, 0, 60 },
        { 60, 20, 0, 0, 40 },
        { 60, 0, 30, 10, 90 },
        { 60, 0, 10, 30, 90 },
        { 60, 80, 0, 30, 10 },
        { 60, 0, -1, -1, 67 },
        { 60, 59, 0, 0, 1 },
    };

    [Theory]
    [MemberData(nameof(Lifetimes))]
    public async Task Head_lives_as_long_as_the_object_is_of_use(double fresh, double age, int revalidating, int onError, double expected)
    {
        var value = await ComposeAsync(
            fresh, age, new StaleUse(false, Span(revalidating), Span(onError)), new StaleDefaults(TimeSpan.Zero, TimeSpan.FromSeconds(7)));

        Assert.Equal(TimeSpan.FromSeconds(expected), value!.Value.Lifetime);
    }

    [Theory]
    [InlineData(60, 59.5)]
    [InlineData(60, 60)]
    [InlineData(0, 0)]
    [InlineData(60, 1000)]
    public async Task Object_that_is_of_no_use_for_a_second_is_not_written(double fresh, double age)
    {
        Assert.Null(await ComposeAsync(fresh, age, default, s_none));
    }

    [Fact]
    public async Task Nothing_lives_longer_than_30_days()
    {
        var value = await ComposeAsync(TimeSpan.FromDays(365).TotalSeconds, 0, default, s_none);

        Assert.Equal(TimeSpan.FromDays(30), value!.Value.Lifetime);
    }

    [Fact]
    public async Task Slice_lives_twice_as_long_as_its_head_and_30_days_at_most()
    {
        Assert.Equal(TimeSpan.FromSeconds(120), (await ComposeSliceAsync(60))!.Value.Lifetime);
        Assert.Equal(TimeSpan.FromDays(30), (await ComposeSliceAsync(TimeSpan.FromDays(20).TotalSeconds))!.Value.Lifetime);
        Assert.Null(await ComposeSliceAsync(0.5));
    }

    [Fact]
    public async Task Object_that_was_asked_for_without_the_tier_or_has_ended_is_not_written()
    {
        var composer = NewComposer(s_none);
        var unasked = NewGeneration(60, 0, default);
        unasked.TierMark = null;
        var ended = NewGeneration(60, 0, default);
        ended.Retire();

        Assert.Null(await composer.ComposeHeadAsync(unasked));
        Assert.Null(await composer.ComposeHeadAsync(ended));
        Assert.Null(composer.ComposeSlice(unasked, 0));
        Assert.Null(composer.ComposeSlice(ended, 0));
    }

    private static TimeSpan? Span(int seconds) => seconds < 0 ? null : TimeSpan.FromSeconds(seconds);

    private ValueTask<TierValue?> ComposeAsync(double fresh, double age, StaleUse stale, StaleDefaults defaults) =>
        NewComposer(defaults).ComposeHeadAsync(NewGeneration(fresh, age, stale));

    private async Task<TierValue?> ComposeSliceAsync(double fresh)
    {
        var generation = NewGeneration(fresh, 0, default, sliceSizeBytes: 4, completeLength: 8);
        await StoredObjects.AddAsync(_bed.Store, generation, 0);
        return NewComposer(s_none).ComposeSlice(generation, 0);
    }

    private TierComposer NewComposer(StaleDefaults stale) =>
        new(
            _bed.Envelope, _bed.Names, _bed.News.Purges, _bed.Reader, new TierClaims(_bed.Values, _bed.Names), stale, _bed.Time,
            _bed.Stopping);

    // Too long to go with its head.
    private Generation NewGeneration(
        double fresh, double age, StaleUse stale, int sliceSizeBytes = 64 << 10, long completeLength = 1 << 20)
    {
        var freshness = new Freshness(Instant.Now(_bed.Time), TimeSpan.FromSeconds(age), TimeSpan.FromSeconds(fresh));
        var response = new StoredResponse(
            new Validator("\"v1\"", null, completeLength), freshness, fieldLines: Array.Empty<byte>(), lastModifiedDate: null, date: null)
        {
            Stale = stale,
        };
        return new Generation(StoredObjects.Key(), response, new SliceGrid(sliceSizeBytes), isShared: true, _bed.Store)
        {
            TierMark = new TierMark(0, 0, 0),
        };
    }
}
