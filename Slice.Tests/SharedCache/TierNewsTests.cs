using System.Text;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.SharedCache;
using Slice.Tests.Support;

namespace Slice.Tests.SharedCache;

/// <summary>What one instance tells, another acts on; and what may have been told and cannot be heard makes everything stale.</summary>
public sealed class TierNewsTests : IDisposable
{
    private static readonly byte[] s_file = Encoding.ASCII.GetBytes("/file");

    private readonly TierBed _bed = new();
    private readonly TierBed _other;

    public TierNewsTests() => _other = new TierBed(_bed);

    public void Dispose()
    {
        _other.Dispose();
        _bed.Dispose();
    }

    [Fact]
    public async Task First_look_makes_everything_stale_and_tells_nobody()
    {
        _bed.Publish("/file");

        Assert.Equal((-1, -1), (_bed.News.NewsHeard, _bed.News.PurgesHeard));
        Assert.True(await HearAsync());

        Assert.True(_bed.Find("/file")!.Response.IsPurged);
        Assert.Empty(_bed.Losses);
        Assert.True(_bed.News.NewsHeard > 0);
    }

    [Fact]
    public async Task Removal_takes_the_object_from_the_others_and_not_from_who_tells_it()
    {
        await BeginAsync();
        _bed.Publish("/file");
        var own = _other.Publish("/file");

        await _other.News.TellAsync([Event(TierEventKind.Removed)], TierBed.Ct);
        Assert.True(await HearAsync());
        Assert.True(await _other.News.HearAsync(TierBed.Ct));

        Assert.Null(_bed.Find("/file"));
        Assert.Same(own, _other.Find("/file"));
        Assert.Equal((1, 0), (_bed.Meter.NewsHeard, _other.Meter.NewsHeard));
        Assert.Equal(_bed.News.NewsHeard, _other.News.NewsHeard);
    }

    [Fact]
    public async Task Change_takes_the_old_version_and_leaves_another_one()
    {
        await BeginAsync();
        var known = _bed.Publish("/file");
        var old = TierNames.ContentOf(known.Response);

        await _other.News.TellAsync([new TierEvent(TierEventKind.Changed, s_file, TierVersion.Of("another"u8))], TierBed.Ct);
        Assert.True(await HearAsync());
        Assert.Same(known, _bed.Find("/file"));

        await _other.News.TellAsync([new TierEvent(TierEventKind.Changed, s_file, old)], TierBed.Ct);
        Assert.True(await HearAsync());
        Assert.Null(_bed.Find("/file"));
    }

    [Fact]
    public async Task Soft_purge_makes_the_object_stale()
    {
        await BeginAsync();
        var known = _bed.Publish("/file");

        await _other.News.TellAsync([Event(TierEventKind.Expired)], TierBed.Ct);
        Assert.True(await HearAsync());

        Assert.Same(known, _bed.Find("/file"));
        Assert.True(known.Response.IsPurged);
    }

    [Fact]
    public async Task Event_of_a_kind_that_a_newer_program_has_is_a_removal()
    {
        await BeginAsync();
        _bed.Publish("/file");

        await _other.News.TellAsync([Event((TierEventKind)99)], TierBed.Ct);
        Assert.True(await HearAsync());

        Assert.Null(_bed.Find("/file"));
    }

    [Fact]
    public async Task Purge_of_many_objects_is_as_hard_for_the_others()
    {
        await BeginAsync();
        _bed.Publish("/a/file");
        _bed.Publish("/file");

        long? number = await _other.News.TellAsync(Purge.OfPrefix("/a/"u8, isSoft: false, Instant.Now(_bed.Time)), TierBed.Ct);
        Assert.True(await HearAsync());

        Assert.Null(_bed.Find("/a/file"));
        Assert.False(_bed.Find("/file")!.Response.IsPurged);
        Assert.Equal(number, _bed.News.PurgesHeard);
        Assert.True(_bed.News.Purges.IsOutdated("/a/file"u8, null, number!.Value - 1));
    }

    [Fact]
    public async Task Entries_that_come_in_another_order_are_all_acted_on()
    {
        await BeginAsync();
        _bed.Publish("/file");
        _bed.Publish("/later");
        long before = _bed.News.NewsHeard;
        long late = await CountAsync();
        await _other.News.TellAsync([Event(TierEventKind.Removed, "/later")], TierBed.Ct);

        Assert.True(await HearAsync());
        Assert.Null(_bed.Find("/later"));
        Assert.Equal(before, _bed.News.NewsHeard);

        await WriteAsync(late, Entry(Event(TierEventKind.Removed)));
        Assert.True(await HearAsync());
        Assert.Null(_bed.Find("/file"));
        Assert.Equal(late + 1, _bed.News.NewsHeard);
        Assert.Empty(_bed.Losses);
    }

    [Fact]
    public async Task Entry_that_comes_within_the_bound_is_no_loss()
    {
        await BeginAsync();
        var known = _bed.Publish("/file");
        long number = await CountAsync();
        Assert.True(await HearAsync());
        _bed.Time.Advance(TierBed.Gap);
        Assert.True(await HearAsync());
        Assert.Equal(number - 1, _bed.News.NewsHeard);

        await WriteAsync(number, Entry());
        Assert.True(await HearAsync());

        Assert.Equal(number, _bed.News.NewsHeard);
        Assert.Empty(_bed.Losses);
        Assert.False(known.Response.IsPurged);
    }

    [Fact]
    public async Task Entries_that_do_not_come_within_the_bound_are_one_loss()
    {
        await BeginAsync();
        _bed.Publish("/file");
        await CountAsync();
        await CountAsync();
        long last = await CountAsync();
        Assert.True(await HearAsync());
        _bed.Time.Advance(TierBed.Gap + TimeSpan.FromMilliseconds(1));
        Assert.Empty(_bed.Losses);

        Assert.True(await HearAsync());

        Assert.Equal("3 entries of the log did not come", Assert.Single(_bed.Losses));
        Assert.Equal((1, last), (_bed.Meter.NewsLost, _bed.News.NewsHeard));
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
    }

    [Fact]
    public async Task Entry_that_is_not_as_this_program_writes_it_counts_as_lost()
    {
        await BeginAsync();
        _bed.Publish("/file");
        byte[] whole = Entry(Event(TierEventKind.Removed));
        for (int length = 0; length < whole.Length; length++)
        {
            await WriteAsync(await CountAsync(), whole[..length]);
        }

        Assert.True(await HearAsync());
        _bed.Time.Advance(2 * TierBed.Gap);
        Assert.True(await HearAsync());

        Assert.Equal($"{whole.Length} entries of the log did not come", Assert.Single(_bed.Losses));
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
    }

    [Fact]
    public async Task Purge_that_is_not_as_this_program_writes_it_counts_as_lost()
    {
        await BeginAsync();
        long number = await _bed.KeyValues.IncrementAsync(_bed.Names.Purges, 1, TierBed.Ct);
        var label = new TierLabel(TierValueKind.Purge, _bed.Names.PurgeAt(number));
        await _bed.Values.SetAsync(label, Records([1, 2, 3]), TimeSpan.FromHours(1), TierBed.Ct);

        Assert.True(await HearAsync());
        _bed.Time.Advance(2 * TierBed.Gap);
        Assert.True(await HearAsync());

        Assert.Single(_bed.Losses);
        Assert.Equal(number, _bed.News.PurgesHeard);
    }

    [Fact]
    public async Task More_entries_than_one_look_reads_are_lost()
    {
        await BeginAsync();
        _bed.Publish("/file");
        long last = 0;
        for (int count = 0; count < 4097; count++)
        {
            last = await CountAsync();
        }

        Assert.True(await HearAsync());

        Assert.Equal("4097 entries of the log at once", Assert.Single(_bed.Losses));
        Assert.Equal(last, _bed.News.NewsHeard);
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
    }

    // Its numbers are given a second time, and whoever has heard the first would take the second for heard.
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(9)]
    public async Task Store_that_was_put_back_is_a_loss_however_far_it_has_counted_since(int toldSince)
    {
        await BeginAsync();
        await _other.News.TellAsync([Event(TierEventKind.Removed, "/first")], TierBed.Ct);
        Assert.True(await _other.News.HearAsync(TierBed.Ct));
        var copy = _bed.Server.Copy();
        for (int told = 0; told < 3; told++)
        {
            await _bed.News.TellAsync([Event(TierEventKind.Removed, $"/before{told}")], TierBed.Ct);
            await _bed.News.TellAsync(Purge.OfPrefix("/before/"u8, isSoft: false, Instant.Now(_bed.Time)), TierBed.Ct);
            Assert.True(await HearAsync());
        }

        _bed.Publish("/file");
        var before = (_bed.News.NewsHeard, _bed.News.PurgesHeard);
        _bed.Server.PutBack(copy);
        for (int told = 0; told < toldSince; told++)
        {
            await _other.News.TellAsync([Event(TierEventKind.Removed, $"/since{told}")], TierBed.Ct);
            await _other.News.TellAsync(Purge.OfPrefix("/since/"u8, isSoft: false, Instant.Now(_bed.Time)), TierBed.Ct);
        }

        Assert.True(await HearAsync());
        Assert.Contains("has what it had earlier", Assert.Single(_bed.Losses), StringComparison.Ordinal);
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
        Assert.True(_bed.News.NewsHeard > before.NewsHeard + 4096 && _bed.News.PurgesHeard > before.PurgesHeard + 4096);

        // What was offered under the old numbers counts for nobody who starts now.
        using var third = new TierBed(_bed);
        Assert.True(await third.News.HearAsync(TierBed.Ct));
        Assert.True(third.News.Purges.IsOutdated("/file"u8, null, before.PurgesHeard));
        Assert.True(await HearAsync());
        Assert.Single(_bed.Losses);
        Assert.True(await _other.News.HearAsync(TierBed.Ct));
        Assert.Equal(_bed.News.NewsHeard, _other.News.NewsHeard);
    }

    [Fact]
    public async Task Number_that_another_instance_has_heard_is_given_to_nobody_again()
    {
        await BeginAsync();
        long heard = _bed.News.NewsHeard + 5;
        _bed.News.Note([new FleetMember(Guid.NewGuid(), "other:80", heard, 0)]);

        var (number, _) = await _bed.News.TellAsync([Event(TierEventKind.Removed)], TierBed.Ct);

        Assert.True(number > heard);
    }

    [Fact]
    public async Task Counters_that_are_lost_are_one_loss_and_begin_above_every_number_of_before()
    {
        await BeginAsync();
        _bed.Publish("/file");
        await CountAsync();
        Assert.True(await HearAsync());
        var before = (_bed.News.NewsHeard, _bed.News.PurgesHeard);
        _bed.Server.Forget(static _ => true);

        Assert.True(await HearAsync());
        Assert.Equal("the store has lost its counters", Assert.Single(_bed.Losses));
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
        Assert.True(_bed.News.NewsHeard > before.NewsHeard && _bed.News.PurgesHeard > before.PurgesHeard);

        // What was missing of the old counter is missing no more.
        _bed.Time.Advance(2 * TierBed.Gap);
        Assert.True(await HearAsync());
        Assert.Single(_bed.Losses);
    }

    // The counter is there again before anybody looks, and greater than before: nothing looks lost.
    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 1000)]
    [InlineData(true, 1000)]
    public async Task Counter_that_is_lost_and_soon_made_anew_by_another_instance_is_noticed_by_the_next_look(
        bool isOfPurges, int milliseconds)
    {
        await BeginAsync();
        _bed.Publish("/file");
        _bed.Time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        _bed.Server.Forget((isOfPurges ? _bed.Names.Purges : _bed.Names.News).Equals);
        if (isOfPurges)
        {
            await _other.News.TellAsync(Purge.OfPrefix("/a/"u8, isSoft: true, Instant.Now(_bed.Time)), TierBed.Ct);
        }
        else
        {
            await _other.News.TellAsync([Event(TierEventKind.Expired, "/other")], TierBed.Ct);
        }

        Assert.True(await HearAsync());

        // In the same microsecond it looks like one entry more than is read.
        string reason = milliseconds == 0 ? "4097 entries of the log at once" : "the counters of the store began anew";
        Assert.Equal(reason, Assert.Single(_bed.Losses));
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
    }

    [Fact]
    public async Task Counters_of_both_logs_that_another_instance_has_made_anew_are_one_loss()
    {
        await BeginAsync();
        _bed.Publish("/file");
        _bed.Time.Advance(TimeSpan.FromSeconds(39));
        _bed.Server.Forget(static _ => true);
        await _other.News.TellAsync([Event(TierEventKind.Expired, "/other")], TierBed.Ct);
        await _other.News.TellAsync(Purge.OfPrefix("/a/"u8, isSoft: true, Instant.Now(_bed.Time)), TierBed.Ct);

        Assert.True(await HearAsync());
        Assert.True(await HearAsync());

        Assert.Equal("the counters of the store began anew", Assert.Single(_bed.Losses));
        Assert.Equal(1, _bed.Meter.NewsLost);
        Assert.True(_bed.Find("/file")!.Response.IsPurged);
    }

    // It looks between the two numbers of another instance. One more jump would be a loss to that instance.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Log_that_another_instance_has_begun_anew_just_now_goes_on_from_there(bool isOfPurges)
    {
        await BeginAsync();
        _bed.Time.Advance(TimeSpan.FromSeconds(39));
        _bed.Server.Forget(static _ => true);
        Assert.True(await _other.News.HearAsync(TierBed.Ct));
        _bed.Server.Forget((isOfPurges ? _bed.Names.News : _bed.Names.Purges).Equals);

        Assert.True(await HearAsync());

        Assert.Equal("the store has lost its counters", Assert.Single(_bed.Losses));
        Assert.InRange(
            isOfPurges ? _bed.News.PurgesHeard - _other.News.PurgesHeard : _bed.News.NewsHeard - _other.News.NewsHeard, 0, 2);
        _bed.Time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(await _other.News.HearAsync(TierBed.Ct));
    }

    [Fact]
    public async Task Counters_that_are_lost_while_the_store_takes_nothing_are_told_once()
    {
        var weather = new Weather();
        var access = new TierAccess(new WeatheredStore(_bed.Server.Open(), weather), TimeSpan.FromDays(1), _bed.Time);
        var values = new TierValues(access, _bed.Envelope, _bed.Meter);
        List<string> losses = [];
        var news = new TierNews(access, values, _bed.Names, _bed.Index, _bed.Time, _bed.Meter, Guid.NewGuid(), TierBed.Gap)
        {
            Lost = losses.Add,
        };
        Assert.True(await news.HearAsync(TierBed.Ct));
        _bed.Server.Forget(static _ => true);
        weather.IsFull = true;

        Assert.False(await news.HearAsync(TierBed.Ct));
        Assert.Empty(losses);
        weather.IsFull = false;
        Assert.True(await news.HearAsync(TierBed.Ct));
        Assert.True(await news.HearAsync(TierBed.Ct));

        Assert.Single(losses);
    }

    [Fact]
    public async Task Store_that_is_away_says_nothing_and_nothing_is_lost()
    {
        await BeginAsync();
        var known = _bed.Publish("/file");
        await _other.News.TellAsync([Event(TierEventKind.Removed)], TierBed.Ct);
        _bed.Server.IsAway = true;
        Assert.False(await HearAsync());
        _bed.Time.Advance(10 * TierBed.Gap);
        Assert.False(await HearAsync());
        Assert.Same(known, _bed.Find("/file"));

        _bed.Server.IsAway = false;
        Assert.True(await HearAsync());
        Assert.Null(_bed.Find("/file"));
        Assert.Empty(_bed.Losses);
    }

    [Fact]
    public async Task Event_that_the_store_does_not_take_has_no_number()
    {
        await BeginAsync();
        _bed.Server.IsAway = true;

        Assert.Null((await _bed.News.TellAsync([Event(TierEventKind.Removed)], TierBed.Ct)).Number);
        Assert.Null(await _bed.News.TellAsync(Purge.OfAll(isSoft: false, Instant.Now(_bed.Time)), TierBed.Ct));
    }

    private static TierEvent Event(TierEventKind kind, string target = "/file") =>
        new(kind, Encoding.ASCII.GetBytes(target), default);

    // By an instance that is neither of the two.
    private static byte[] Entry(params TierEvent[] events)
    {
        var buffer = new RecordBuffer();
        TierNewsRecords.Write(buffer, Guid.NewGuid(), [], events);
        return buffer.Written.ToArray();
    }

    private static RecordBuffer Records(byte[] bytes)
    {
        var buffer = new RecordBuffer();
        foreach (byte one in bytes)
        {
            buffer.Byte(one);
        }

        return buffer;
    }

    private async Task BeginAsync()
    {
        Assert.True(await HearAsync());
        Assert.True(await _other.News.HearAsync(TierBed.Ct));
        Assert.True(await HearAsync());
    }

    private async Task<bool> HearAsync() => await _bed.News.HearAsync(TierBed.Ct);

    // A number whose entry is not there yet.
    private async Task<long> CountAsync() => await _bed.KeyValues.IncrementAsync(_bed.Names.News, 1, TierBed.Ct);

    private async Task WriteAsync(long number, byte[] entry) => Assert.True(await _bed.Values.SetAsync(
        new TierLabel(TierValueKind.News, _bed.Names.NewsAt(number)), Records(entry), TimeSpan.FromHours(1), TierBed.Ct));
}
