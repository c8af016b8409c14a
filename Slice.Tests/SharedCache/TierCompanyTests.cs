using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Options;
using Slice.Core.Ranges;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>
/// Without turns, who finds a slice of another instance waits a little for the slices beside it, and nobody else waits for anything.
/// </summary>
public sealed class TierCompanyTests : IDisposable
{
    private readonly TierBed _bed = new();
    private readonly TierCompany _company;
    private readonly Generation _generation;
    private TierRead? _content;
    private int _looks;

    public TierCompanyTests()
    {
        _company = new TierCompany(_bed.Time, _bed.Meter);
        _generation = StoredObjects.Generation(_bed.Store, slices: 64, sliceSizeBytes: 4);
    }

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Slice_beside_one_that_was_found_is_looked_for_until_it_is_there()
    {
        _company.Found(_generation, 20, TimeSpan.FromSeconds(1));
        var looking = SearchAsync(_generation, 21);
        await _bed.Time.RingNextAsync();
        await _bed.Time.RingNextAsync();
        Assert.Equal((2, false), (_looks, looking.IsCompleted));
        var brought = new TierRead(TierOutcome.Done, null, default, TimeSpan.Zero, IsDamaged: false);
        _content = brought;

        await _bed.Time.RingNextAsync();

        Assert.Same(brought, await looking);
        Assert.Equal(1, _bed.Meter.Turns.Read().Sum(static turn => turn.Value));
    }

    [Fact]
    public async Task Slice_that_nobody_brings_is_given_up_after_126_ms_at_most()
    {
        _company.Found(_generation, 20, TimeSpan.FromSeconds(1));
        long began = _bed.Time.GetTimestamp();
        var looking = SearchAsync(_generation, 12);
        await _bed.Time.RingNextAsync();
        await _bed.Time.RingNextAsync();
        await _bed.Time.RingNextAsync();

        Assert.Null(await looking);
        Assert.Equal(3, _looks);
        Assert.InRange(_bed.Time.GetElapsedTime(began).TotalMilliseconds, 42, 126);
    }

    // The instance that is ahead of all others stays ahead.
    [Theory]
    [InlineData(11)]
    [InlineData(29)]
    public async Task Nobody_waits_for_a_slice_that_is_not_beside_one_found(int sliceIndex)
    {
        var other = StoredObjects.Generation(_bed.Store, slices: 64, sliceSizeBytes: 4, target: "/other");
        Assert.Null(await SearchAsync(_generation, 0));
        _company.Found(_generation, 20, TimeSpan.FromSeconds(1));

        Assert.Null(await SearchAsync(_generation, sliceIndex));
        Assert.Null(await SearchAsync(other, 20));
        Assert.Equal(0, _looks);
    }

    [Fact]
    public async Task Nobody_waits_beside_a_slice_that_came_long_ago()
    {
        _company.Found(_generation, 20, TimeSpan.FromSeconds(5));

        Assert.Null(await SearchAsync(_generation, 21));
        Assert.Equal(0, _looks);
    }

    [Fact]
    public async Task Who_has_had_enough_does_not_wait()
    {
        _company.Found(_generation, 20, TimeSpan.FromSeconds(1));
        using var enough = new CancellationTokenSource();
        var looking = LookAsync(_generation, 21, enough.Token);

        await enough.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => looking);
        Assert.Equal(0, _looks);
    }

    [Fact]
    public async Task Instance_without_turns_finds_what_another_brings_a_moment_later()
    {
        var weather = new Weather();
        var store = new WeatheredStore(_bed.Server.Open(), weather);
        var options = new SharedCacheOptions { Collapses = false, Timeout = TimeSpan.FromDays(1), Prefix = "t:" };
        await using var tier = new SharedTier(store, options, "realm", "machine:80", _bed.Index, default, _bed.Time);
        tier.Access.Open();
        var response = new StoredResponse(
            new Validator("\"v1\"", null, 256),
            new Freshness(Instant.Now(_bed.Time), TimeSpan.Zero, TimeSpan.FromHours(1)),
            fieldLines: [],
            lastModifiedDate: null,
            date: null);
        var generation = new Generation(StoredObjects.Key(), response, new SliceGrid(4), isShared: true, _bed.Store);
        generation.TierMark = new TierMark(0, 0, 0);
        for (int sliceIndex = 0; sliceIndex < 3; sliceIndex++)
        {
            await StoredObjects.AddAsync(_bed.Store, generation, sliceIndex);
        }

        tier.Offer(generation, 0, isWithHead: false, null);
        tier.Offer(generation, 2, isWithHead: false, null);
        await Eventually.TrueAsync(() => tier.Meter.Writes.Read().Sum(static write => write.Value) == 2, "both slices to be written");
        using (var found = (await tier.ReadAsync(generation, 2, isNext: true, TierBed.Ct)).Owner)
        {
            Assert.NotNull(found);
        }

        // The first look of this one misses; the slice is there at a later one.
        weather.Reading = static (_, _) => null;
        Assert.True((await tier.ReadAsync(generation, 0, isNext: true, TierBed.Ct)).IsMissing);
        var following = tier.FollowAsync(generation, 0, TierBed.Ct).AsTask();
        Assert.False(following.IsCompleted);
        weather.Reading = null;
        await Eventually.TrueAsync(
            () =>
            {
                _bed.Time.Advance(TimeSpan.FromMilliseconds(10));
                return following.IsCompleted;
            },
            "the slice");

        using var owner = (await following).Owner;
        Assert.Equal(TestContent.Bytes(0, 4, 0), (await following).Bytes.ToArray());
    }

    private Task<TierRead?> SearchAsync(Generation generation, int sliceIndex) => LookAsync(generation, sliceIndex, TierBed.Ct);

    private Task<TierRead?> LookAsync(Generation generation, int sliceIndex, CancellationToken ct) => _company.LookForAsync(
        generation,
        sliceIndex,
        _ =>
        {
            _looks++;
            return ValueTask.FromResult(_content);
        },
        ct).AsTask();
}
