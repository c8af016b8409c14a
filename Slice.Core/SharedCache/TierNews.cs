using System.Globalization;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>
/// What the instances of a fleet tell each other: changes, removals and purges, in two logs of the shared store. A counter numbers the
/// entries of each; whoever finds a counter beyond what it knows reads the entries in between and acts on them. Entries are independent of
/// each other, and acting on one twice does no harm. One caller at a time; what it writes is thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// A number may be there before its entry: its writer is at it, or died. An entry that does not come within
/// <see cref="LongestGap"/> counts as lost, like those that a store has forgotten. Nobody knows what they said, so everything that is
/// stored here is validated before its next use (<see cref="Lost"/>).
/// </para>
/// <para>
/// A store that has lost a counter gives a new one, which begins with the time in microseconds: far above every number of before. One that
/// was put back to what it had earlier, as from a copy on disk or by a replica that lacked the last writes, counts on there after a jump:
/// whoever has heard more finds a counter below that, or another entry under the number that was heard last
/// (<see cref="TierLogEnd"/>).
/// </para>
/// <para>
/// An instance that was away goes on from the numbers that its cache has acted on (<see cref="TierMemory"/>), as long as the entries since
/// are there. An instance that has no such numbers makes everything stale that it has stored: nobody knows what was removed meanwhile.
/// </para>
/// </remarks>
internal sealed class TierNews
{
    private const int EntriesAtOnce = 64;

    // An entry that an instance is just writing is there in a moment. Those of a while ago that are missing still are gone. Arbitrary.
    private const int LooksAtStart = 3;

    private readonly TierAccess _access;
    private readonly TierNames _names;
    private readonly TimeProvider _time;
    private readonly TierMeter _meter;
    private readonly TierNewsActions _actions;
    private readonly Guid _id;
    private readonly TierLogReader _entries;
    private readonly Dictionary<long, long> _missingNews = [];
    private readonly Dictionary<long, long> _missingPurges = [];
    private bool _hasBegun;
    private volatile bool _isLossTold;
    private long _news;
    private long _purges;
    private long _newsOfOthers;
    private long _purgesOfOthers;
    private string? _loss;
    private bool _isPutBack;

    /// <summary>News that nobody has heard yet.</summary>
    public TierNews(
        TierAccess access, TierValues values, TierNames names, ObjectIndex index, TimeProvider time, TierMeter meter, Guid id,
        TimeSpan longestGap)
    {
        (_access, _names, _time, _meter, _id, LongestGap) = (access, names, time, meter, id, longestGap);
        _actions = new TierNewsActions(index, time, meter, id);
        _entries = new TierLogReader(values, names, _actions, time);
        Log = new TierLog(access, values, names, Purges, time, meter, id, longestGap) { Counted = _actions.ActOnOwn };
    }

    /// <summary>What the cache had acted on when it was stopped; null for nobody who knows. Set once, before use.</summary>
    public TierMemory? Memory { get; init; }

    /// <summary>Writes the entries.</summary>
    public TierLog Log { get; }

    /// <summary>How long an entry may be missing behind its number.</summary>
    public TimeSpan LongestGap { get; }

    /// <summary>The purges of many objects.</summary>
    public TierPurges Purges { get; } = new();

    /// <summary>The number of the last news that was acted on, and of all before; -1 before the first look.</summary>
    public long NewsHeard => _hasBegun ? HeardOf(_news, _missingNews) : -1;

    /// <summary>The number of the last purge of many objects, in the same way.</summary>
    public long PurgesHeard => _hasBegun ? HeardOf(_purges, _missingPurges) : -1;

    /// <summary>Both of them; null before the first look.</summary>
    public HeardNews? Heard => _hasBegun ? _entries.Describe(NewsHeard, PurgesHeard) : null;

    /// <summary>Called when news were lost, with the reason. Set once, before use; must not wait.</summary>
    public Action<string>? Lost { get; set; }

    /// <summary>Gets each purge that another instance has told; null for nobody.</summary>
    public HeardPurges? HeardPurges
    {
        get => _actions.HeardPurges;
        init => _actions.HeardPurges = value;
    }

    /// <summary>Called before a loss gets its number: what was lost by then is a part of it. Set once, before use.</summary>
    public Func<CancellationToken, ValueTask>? Losing { get; init; }

    /// <summary>Hears what there is. False when the store does not say.</summary>
    public async ValueTask<bool> HearAsync(CancellationToken ct)
    {
        var news = await _access.ProbeAsync(token => _access.Store.ReadCounterAsync(_names.News, token), ct);
        var purges = await _access.ProbeAsync(token => _access.Store.ReadCounterAsync(_names.Purges, token), ct);
        if (news.Outcome != TierOutcome.Done || purges.Outcome != TierOutcome.Done)
        {
            return false;
        }

        if (_hasBegun && (new HeardNews(_news, _purges).IsAheadOf(news.Result, purges.Result) || await _entries.IsPutBackAsync(ct)))
        {
            (_hasBegun, _loss, _isPutBack) = (false, HeardNews.PutBack(news.Result, purges.Result), true);
        }

        if (!_hasBegun)
        {
            return await BeginAsync(news.Result, purges.Result, ct);
        }

        if (!await AdvanceAsync(news.Result, purges.Result, ct))
        {
            return false;
        }

        (_news, _purges) = (news.Result, purges.Result);
        return await HearMissingAsync(ct) && await GiveUpAsync(_missingNews, ct) && await GiveUpAsync(_missingPurges, ct);
    }

    /// <summary>Notes what others have heard: a number up to there is one that the store has given before.</summary>
    public void Note(IReadOnlyList<FleetMember> members)
    {
        Volatile.Write(ref _newsOfOthers, members.Select(static member => member.News).DefaultIfEmpty().Max());
        Volatile.Write(ref _purgesOfOthers, members.Select(static member => member.Purges).DefaultIfEmpty().Max());
    }

    /// <inheritdoc cref="TierLog.TellAsync(IReadOnlyList{TierEvent}, long, CancellationToken)"/>
    public ValueTask<(long? Number, IReadOnlyList<TierEvent> Uncounted)> TellAsync(IReadOnlyList<TierEvent> events, CancellationToken ct) =>
        Log.TellAsync(events, Math.Max(_news, Volatile.Read(ref _newsOfOthers)), ct);

    /// <summary>Tells the others of a purge of many objects, which is in force here; its number, or null.</summary>
    public ValueTask<long?> TellAsync(Purge purge, CancellationToken ct) =>
        Log.TellAsync(purge, Math.Max(_purges, Volatile.Read(ref _purgesOfOthers)), ct);

    // In this order. The counters first: what is read or made stale afterwards is all that came before. What was asked for meanwhile is
    // made stale as well when it comes, or held against what is read.
    private async ValueTask<bool> BeginAsync(long news, long purges, CancellationToken ct)
    {
        _missingNews.Clear();
        _missingPurges.Clear();
        var heard = _loss is null ? Memory?.Recall() : null;
        if (heard is { } known)
        {
            (_news, _purges) = (known.News, known.Purges);
            _entries.Recall(known);
            _isPutBack = known.IsAheadOf(news, purges) || await _entries.IsPutBackAsync(ct);
            _loss = _isPutBack ? HeardNews.PutBack(news, purges) : known.LossAt(news, purges);
        }

        if (_isPutBack)
        {
            _entries.Forget();
            (_news, news) = HeardNews.GoOn(_news, news);
            (_purges, purges) = HeardNews.GoOn(_purges, purges);
        }

        if (await ReadCountersAsync(news, purges, ct) is not { } latest || !await ReadPurgesAsync(latest.Purges, ct))
        {
            return false;
        }

        if (heard is { } from && _loss is null && !await CatchUpAsync(from, latest, ct))
        {
            return false;
        }

        if (_loss is not null)
        {
            if (!await LoseAsync(_loss, ct))
            {
                return false;
            }
        }
        else if (heard is null)
        {
            await MakeStaleAsync(ct);
        }

        (_hasBegun, _news, _purges, _loss, _isPutBack) = (true, latest.News, latest.Purges, null, false);
        return true;
    }

    private async ValueTask<HeardNews?> ReadCountersAsync(long news, long purges, CancellationToken ct)
    {
        long? firstNews = news > 0 ? news : (await TellAsync([], ct)).Number;
        long? firstPurge = purges > 0 ? purges : await TellAsync(Purge.OfTags([], isSoft: true, Instant.Now(_time)), ct);
        return firstNews is { } ofNews && firstPurge is { } ofPurges ? new HeardNews(ofNews, ofPurges) : null;
    }

    // For what is found in the store that was asked for before them.
    private async ValueTask<bool> ReadPurgesAsync(long latest, CancellationToken ct)
    {
        Purges.Forget(Math.Max(0, latest - TierPurges.MaxPurges));
        for (long number = Math.Max(0, latest - TierPurges.MaxPurges) + 1; number <= latest; number += EntriesAtOnce)
        {
            int count = (int)Math.Min(EntriesAtOnce, latest - number + 1);
            var known = await Task.WhenAll(
                Enumerable.Range(0, count).Select(index => _entries.ReadPurgeAsync(number + index, ct).AsTask()));
            if (Array.Exists(known, static read => !read.IsKnown))
            {
                return false;
            }

            for (int index = 0; index < count; index++)
            {
                if (known[index].Purge is { } purge)
                {
                    Purges.Add(number + index, purge);
                }
                else
                {
                    // Of before the counter began, or forgotten by the store; or its writer is at it, and what was asked for before is
                    // no loss.
                    Purges.Forget(number + index);
                }
            }
        }

        return true;
    }

    // Acts on what was told while this instance was away. False when the store does not say; entries that are gone are a loss.
    private async ValueTask<bool> CatchUpAsync(HeardNews from, HeardNews latest, CancellationToken ct)
    {
        Await(_missingNews, from.News, latest.News);
        Await(_missingPurges, from.Purges, latest.Purges);
        _isLossTold = false;
        for (int look = 0; look < LooksAtStart && _missingNews.Count + _missingPurges.Count > 0; look++)
        {
            if (!await HearMissingAsync(ct))
            {
                return false;
            }
        }

        if (_missingNews.Count + _missingPurges.Count > 0)
        {
            _loss = "entries of the log are gone";
            _missingNews.Clear();
            _missingPurges.Clear();
        }

        _loss ??= _isLossTold ? "another instance has seen a loss" : null;
        return true;
    }

    private ValueTask MakeStaleAsync(CancellationToken ct) => _actions.PurgeAsync(Purge.OfAll(isSoft: true, Instant.Now(_time)), ct);

    /// <summary>
    /// The store has lost something, perhaps counters: what was written before may look as if nothing had happened to it since. The number
    /// of a purge of nothing tells that from what is asked for from now on, and an instance that is away now of the loss. False when the
    /// store does not take it.
    /// </summary>
    public async ValueTask<bool> LoseAsync(string reason, CancellationToken ct)
    {
        if (Losing is not null)
        {
            await Losing(ct);
        }

        // First the number, then what is stored here: what is read from the store in between is then validated, too.
        if (await TellAsync(Purge.OfTags([], isSoft: true, Instant.Now(_time)), ct) is not { } first)
        {
            return false;
        }

        Purges.Forget(first);
        _meter.AddNewsLost();
        await MakeStaleAsync(ct);
        Lost?.Invoke(reason);
        return true;
    }

    private static long HeardOf(long latest, Dictionary<long, long> missing) => missing.Count == 0 ? latest : missing.Keys.Min() - 1;

    // Notes the numbers that are new. A counter that began anew leaves a gap that nobody looks through. What is lost is made stale before
    // its numbers count as heard; what both logs have lost, once.
    private async ValueTask<bool> AdvanceAsync(long news, long purges, CancellationToken ct)
    {
        if (new HeardNews(_news, _purges).LossAt(news, purges) is { } loss && !await LoseAsync(loss, ct))
        {
            return false;
        }

        Advance(_missingNews, _news, news);
        Advance(_missingPurges, _purges, purges);
        return true;
    }

    private void Advance(Dictionary<long, long> missing, long known, long latest)
    {
        if (latest - known > HeardNews.MostEntries)
        {
            missing.Clear();
        }
        else
        {
            Await(missing, known, latest);
        }
    }

    private void Await(Dictionary<long, long> missing, long known, long latest)
    {
        for (long number = known + 1; number <= latest; number++)
        {
            missing[number] = _time.GetTimestamp();
        }
    }

    private async ValueTask<bool> HearMissingAsync(CancellationToken ct) =>
        await HearMissingAsync(_missingNews, _entries.ActOnNewsAsync, ct) && await HearMissingAsync(_missingPurges, HearPurgeAsync, ct);

    private async ValueTask<bool> HearMissingAsync(
        Dictionary<long, long> missing, Func<long, CancellationToken, ValueTask<(bool IsKnown, bool IsThere)>> hear, CancellationToken ct)
    {
        _entries.ForgetReplaced();
        foreach (long[] some in missing.Keys.Order().Chunk(EntriesAtOnce))
        {
            var heard = await Task.WhenAll(some.Select(number => hear(number, ct).AsTask()));
            for (int index = 0; index < some.Length; index++)
            {
                if (heard[index].IsThere)
                {
                    missing.Remove(some[index]);
                }
            }

            while (_entries.TryTakeReplaced(out long number))
            {
                missing.Remove(number);
            }

            // One at a node that is away, of several, is given up like others in the end: the store has told the counter just now.
            var unknown = some.Where((_, index) => !heard[index].IsKnown);
            if (unknown.Any(number => missing.TryGetValue(number, out long since) && !IsOverdue(since)))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsOverdue(long since) => _time.GetElapsedTime(since) > LongestGap;

    // All at once: each loss makes everything stale.
    private async ValueTask<bool> GiveUpAsync(Dictionary<long, long> missing, CancellationToken ct)
    {
        long[] overdue = [.. missing.Where(entry => IsOverdue(entry.Value)).Select(static entry => entry.Key)];
        if (overdue.Length > 0)
        {
            if (!await LoseAsync(string.Create(CultureInfo.InvariantCulture, $"{overdue.Length} entries of the log did not come"), ct))
            {
                return false;
            }

            Array.ForEach(overdue, number => missing.Remove(number));
        }

        return true;
    }

    private async ValueTask<(bool IsKnown, bool IsThere)> HearPurgeAsync(long number, CancellationToken ct)
    {
        var (isKnown, purge, by) = await _entries.ReadPurgeAsync(number, ct);
        if (purge is null)
        {
            return (isKnown, false);
        }

        Purges.Add(number, purge);
        _isLossTold |= purge is { Scope: PurgeScope.Tags, Tags.IsEmpty: true };
        if (by != _id)
        {
            _meter.AddNewsHeard(1);
            await _actions.PurgeAsync(purge, ct);
            HeardPurges?.Add(by, purge);
        }

        return (true, true);
    }
}
