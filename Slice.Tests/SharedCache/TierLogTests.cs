using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>A number that was counted gets its entry: without one, every instance would validate all that it has.</summary>
public sealed class TierLogTests : IDisposable
{
    private readonly TierBed _bed = new();
    private readonly Weather _weather = new();
    private readonly WeatheredStore _store;
    private readonly TierLog _log;

    public TierLogTests()
    {
        _store = new WeatheredStore(_bed.Server.Open(), _weather);
        var access = new TierAccess(_store, TimeSpan.FromMilliseconds(100), _bed.Time);
        access.Open();
        var values = new TierValues(access, _bed.Envelope, _bed.Meter);
        _log = new TierLog(access, values, _bed.Names, new TierPurges(), _bed.Time, _bed.Meter, Guid.NewGuid(), TierBed.Gap);
    }

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task Number_that_the_store_tells_too_late_gets_its_entry_late()
    {
        _weather.Silence();
        var telling = TellAsync();
        _bed.Time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.Null(await telling);
        _weather.Calm();

        await Deadline.WithinAsync(_log.Late, "the late entry");

        Assert.Equal(1, await EntriesAsync());
        Assert.True(await _bed.News.HearAsync(TierBed.Ct));
        _bed.Time.Advance(2 * TierBed.Gap);
        Assert.True(await _bed.News.HearAsync(TierBed.Ct));
        Assert.Empty(_bed.Losses);
    }

    [Fact]
    public async Task Number_that_never_comes_is_not_waited_for_beyond_the_gap()
    {
        _weather.Silence();
        var telling = TellAsync();
        _bed.Time.Advance(TimeSpan.FromMilliseconds(400));
        Assert.Null(await telling);
        Assert.False(_log.Late.IsCompleted);

        _bed.Time.Advance(TierBed.Gap);

        await Deadline.WithinAsync(_log.Late, "the end of the wait");
        _weather.Calm();
        Assert.Equal(0, await EntriesAsync());
    }

    // The first is counted and the store refuses its entry; then the store does not answer, and only late.
    [Fact]
    public async Task Late_entry_and_the_next_one_stand_in_for_a_number_whose_entry_was_refused()
    {
        await TellAsync();
        long before = await _bed.KeyValues.ReadCounterAsync(_bed.Names.Purges, TierBed.Ct);
        _weather.Unreachable = key =>
        {
            if (key != _bed.Names.PurgeAt(before + 1))
            {
                return false;
            }

            _weather.Silence();
            return true;
        };
        var telling = TellAsync();
        await Eventually.TrueAsync(
            () =>
            {
                _bed.Time.Advance(TimeSpan.FromMilliseconds(100));
                return telling.IsCompleted;
            },
            "the deadline");
        Assert.Null(await telling);
        _weather.Unreachable = null;
        _weather.Calm();
        await _log.Late;

        long? next = await TellAsync();

        var (_, records) = await _bed.Values.GetAsync(new TierLabel(TierValueKind.Purge, _bed.Names.PurgeAt(next!.Value)), TierBed.Ct);
        Assert.Equal([before + 1], TierNewsRecords.ReadPurge(records!, Instant.Now(_bed.Time)).Replaced);
    }

    [Fact]
    public async Task Whatever_a_store_throws_the_wait_for_late_entries_ends_well()
    {
        _weather.Unreachable = static _ => throw new InvalidOperationException("a fault of a store");

        Assert.Null(await TellAsync());

        await Deadline.WithinAsync(_log.Late, "the end of the wait");
    }

    // A client that asked for a PURGE, say.
    [Fact]
    public async Task Entry_is_written_though_who_asked_for_it_has_gone()
    {
        using var gone = new CancellationTokenSource();
        var told = new TierEvent(TierEventKind.Expired, "/file"u8.ToArray(), default);
        _weather.Unreachable = key =>
        {
            if (key == _bed.Names.News)
            {
                gone.Cancel();
            }

            return false;
        };

        var (number, uncounted) = await _log.TellAsync([told], 0, gone.Token);

        Assert.True(gone.IsCancellationRequested);
        Assert.Empty(uncounted);
        var (_, records) = await _bed.Values.GetAsync(new TierLabel(TierValueKind.News, _bed.Names.NewsAt(number!.Value)), TierBed.Ct);
        Assert.Single(TierNewsRecords.Read(records!).Events);
    }

    private Task<long?> TellAsync() =>
        _log.TellAsync(Purge.OfPrefix("/a/"u8, isSoft: false, Instant.Now(_bed.Time)), 0, TierBed.Ct).AsTask();

    // As many as there are numbers.
    private async Task<long> EntriesAsync()
    {
        long last = await _bed.KeyValues.ReadCounterAsync(_bed.Names.Purges, TierBed.Ct);
        if (last == 0)
        {
            return 0;
        }

        var (isKnown, records) = await _bed.Values.GetAsync(new TierLabel(TierValueKind.Purge, _bed.Names.PurgeAt(last)), TierBed.Ct);
        Assert.True(isKnown);
        Assert.NotNull(records);
        return 1;
    }
}
