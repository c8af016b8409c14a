using System.Globalization;
using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
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
/// A store that has lost a counter gives a new one, which begins with the time in milliseconds: above every number of before.
/// </para>
/// </remarks>
internal sealed class TierNews
{
    // Longer away, and everything is validated. Arbitrary.
    private static readonly TimeSpan s_kept = TimeSpan.FromHours(24);

    // Entries that one look reads at most: more is as good as lost. Arbitrary.
    private const int MostEntries = 4096;
    private const int EntriesAtOnce = 64;

    private readonly TierAccess _access;
    private readonly TierValues _values;
    private readonly TierNames _names;
    private readonly ObjectIndex _index;
    private readonly TimeProvider _time;
    private readonly TierMeter _meter;
    private readonly Guid _id;
    private readonly Dictionary<long, long> _missingNews = [];
    private readonly Dictionary<long, long> _missingPurges = [];
    private long _news = -1;
    private long _purges = -1;

    /// <summary>News that nobody has heard yet.</summary>
    public TierNews(
        TierAccess access, TierValues values, TierNames names, ObjectIndex index, TimeProvider time, TierMeter meter, Guid id,
        TimeSpan longestGap)
    {
        (_access, _values, _names, _index, _time, _meter, _id) = (access, values, names, index, time, meter, id);
        LongestGap = longestGap;
    }

    /// <summary>How long an entry may be missing behind its number.</summary>
    public TimeSpan LongestGap { get; }

    /// <summary>The purges of many objects.</summary>
    public TierPurges Purges { get; } = new();

    /// <summary>The number of the last news that was acted on, and of all before; -1 before the first look.</summary>
    public long NewsHeard => HeardOf(_news, _missingNews);

    /// <summary>The number of the last purge of many objects, in the same way.</summary>
    public long PurgesHeard => HeardOf(_purges, _missingPurges);

    /// <summary>Called when news were lost, with the reason. Set once, before use; must not wait.</summary>
    public Action<string>? Lost { get; set; }

    /// <summary>Hears what there is. False when the store does not say.</summary>
    public async ValueTask<bool> HearAsync(CancellationToken ct)
    {
        var news = await _access.ProbeAsync(token => _access.Store.ReadCounterAsync(_names.News, token), ct);
        var purges = await _access.ProbeAsync(token => _access.Store.ReadCounterAsync(_names.Purges, token), ct);
        if (news.Outcome != TierOutcome.Done || purges.Outcome != TierOutcome.Done)
        {
            return false;
        }

        if (_news < 0)
        {
            return await BeginAsync(news.Result, purges.Result, ct);
        }

        if (news.Result < _news || purges.Result < _purges)
        {
            await LoseAsync("the store has lost its counters", ct);
            return await BeginCountersAsync(news.Result, purges.Result, ct);
        }

        await AdvanceAsync(_news, news.Result, _missingNews, ct);
        await AdvanceAsync(_purges, purges.Result, _missingPurges, ct);
        (_news, _purges) = (news.Result, purges.Result);
        return await CatchUpAsync(_missingNews, HearNewsAsync, ct) && await CatchUpAsync(_missingPurges, HearPurgeAsync, ct);
    }

    /// <summary>Tells the others of some events; the number of the entry, or null when the store does not take it.</summary>
    public async ValueTask<long?> TellAsync(IReadOnlyList<TierEvent> events, CancellationToken ct)
    {
        var counted = await Task.WhenAll(events.Select(told => CountAsync(told, ct).AsTask()));
        if (counted.Contains(false))
        {
            return null;
        }

        var records = new RecordBuffer();
        records.Bytes(_id.ToByteArray());
        records.Int32(events.Count);
        byte[] old = new byte[TierVersion.SizeBytes];
        foreach (var told in events)
        {
            told.Old.Write(old);
            records.Byte((byte)told.Kind);
            records.Bytes(told.Key);
            records.Bytes(old);
        }

        long? number = await AppendAsync(
            _names.News, _news, number => new TierLabel(TierValueKind.News, _names.NewsAt(number)), records, s_kept, ct);
        _meter.AddNewsTold(number is null ? 0 : events.Count);
        return number;
    }

    /// <summary>Tells the others of a purge of many objects, which is in force here; its number, or null.</summary>
    public async ValueTask<long?> TellAsync(Purge purge, CancellationToken ct)
    {
        var records = new RecordBuffer();
        records.Bytes(_id.ToByteArray());
        PurgeRecords.WritePurge(records, purge);
        long? number = await AppendAsync(
            _names.Purges,
            _purges,
            number => new TierLabel(TierValueKind.Purge, _names.PurgeAt(number)),
            records,
            IKeyValueStore.LongestLifetime,
            ct);
        if (number is { } known)
        {
            Purges.Add(known, purge);
            _meter.AddNewsTold(1);
        }

        return number;
    }

    // Nobody knows what was removed while this instance was not there.
    private async ValueTask<bool> BeginAsync(long news, long purges, CancellationToken ct)
    {
        long first = Math.Max(0, purges - TierPurges.MaxPurges);
        for (long number = first + 1; number <= purges; number += EntriesAtOnce)
        {
            int count = (int)Math.Min(EntriesAtOnce, purges - number + 1);
            var known = await Task.WhenAll(Enumerable.Range(0, count).Select(index => ReadPurgeAsync(number + index, ct).AsTask()));
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

        await PurgeAsync(Purge.OfAll(isSoft: true, Instant.Now(_time)), ct);
        return await BeginCountersAsync(news, purges, ct);
    }

    // A counter that nobody has used yet gets an entry that says nothing: from then on every number has one.
    private async ValueTask<bool> BeginCountersAsync(long news, long purges, CancellationToken ct)
    {
        long? firstNews = news > 0 ? news : await TellAsync([], ct);
        long? firstPurge = purges > 0 ? purges : await TellAsync(Purge.OfTags([], isSoft: true, Instant.Now(_time)), ct);
        if (firstNews is null || firstPurge is null)
        {
            return false;
        }

        (_news, _purges) = (firstNews.Value, firstPurge.Value);
        return true;
    }

    private async ValueTask PurgeAsync(Purge purge, CancellationToken ct)
    {
        while (!_index.Purges.TryAdd(purge) && _index.Purges.Oldest is { } oldest)
        {
            await oldest.Swept.WaitAsync(ct);
        }
    }

    private async ValueTask LoseAsync(string reason, CancellationToken ct)
    {
        _meter.AddNewsLost();
        await PurgeAsync(Purge.OfAll(isSoft: true, Instant.Now(_time)), ct);
        Lost?.Invoke(reason);
    }

    private static long HeardOf(long latest, Dictionary<long, long> missing) => missing.Count == 0 ? latest : missing.Keys.Min() - 1;

    // Notes the numbers that are new. A counter that began anew leaves a gap that nobody looks through.
    private async ValueTask AdvanceAsync(long known, long latest, Dictionary<long, long> missing, CancellationToken ct)
    {
        if (latest - known > MostEntries)
        {
            missing.Clear();
            await LoseAsync(string.Create(CultureInfo.InvariantCulture, $"{latest - known} entries of the log at once"), ct);
            return;
        }

        for (long number = known + 1; number <= latest; number++)
        {
            missing[number] = _time.GetTimestamp();
        }
    }

    private async ValueTask<bool> CatchUpAsync(
        Dictionary<long, long> missing, Func<long, CancellationToken, ValueTask<(bool IsKnown, bool IsThere)>> hear, CancellationToken ct)
    {
        foreach (long[] some in missing.Keys.Order().Chunk(EntriesAtOnce))
        {
            var heard = await Task.WhenAll(some.Select(number => hear(number, ct).AsTask()));
            for (int index = 0; index < some.Length; index++)
            {
                if (heard[index].IsThere)
                {
                    missing.Remove(some[index]);
                }
                else if (heard[index].IsKnown && _time.GetElapsedTime(missing[some[index]]) > LongestGap)
                {
                    missing.Remove(some[index]);
                    await LoseAsync("an entry of the log did not come", ct);
                }
            }

            if (Array.Exists(heard, static entry => !entry.IsKnown))
            {
                return false;
            }
        }

        return true;
    }

    private async ValueTask<(bool IsKnown, bool IsThere)> HearNewsAsync(long number, CancellationToken ct)
    {
        var (isKnown, bytes) = await _values.GetAsync(new TierLabel(TierValueKind.News, _names.NewsAt(number)), ct);
        if (bytes is not null)
        {
            Act(bytes);
        }

        return (isKnown, bytes is not null);
    }

    private void Act(byte[] bytes)
    {
        var reader = new RecordReader(bytes);
        if (new Guid(reader.Bytes()) == _id)
        {
            return;
        }

        int count = reader.Int32();
        _meter.AddNewsHeard(count);
        while (count-- > 0)
        {
            var kind = (TierEventKind)reader.Byte();
            var key = reader.Bytes();
            var old = TierVersion.Read(reader.Bytes());
            switch (kind)
            {
                case TierEventKind.Changed:
                    _index.RemoveVersion(key, generation => TierNames.ContentOf(generation.Response) == old);
                    break;
                case TierEventKind.Expired:
                    _index.Expire(key, Instant.Now(_time));
                    break;
                default:
                    // What a newer program calls otherwise, too: gone is never wrong.
                    _index.Remove(key);
                    break;
            }
        }
    }

    private async ValueTask<(bool IsKnown, bool IsThere)> HearPurgeAsync(long number, CancellationToken ct)
    {
        var (isKnown, purge, isOwn) = await ReadPurgeAsync(number, ct);
        if (purge is null)
        {
            return (isKnown, false);
        }

        Purges.Add(number, purge);
        if (!isOwn)
        {
            _meter.AddNewsHeard(1);
            await PurgeAsync(purge, ct);
        }

        return (true, true);
    }

    private async ValueTask<(bool IsKnown, Purge? Purge, bool IsOwn)> ReadPurgeAsync(long number, CancellationToken ct)
    {
        var (isKnown, bytes) = await _values.GetAsync(new TierLabel(TierValueKind.Purge, _names.PurgeAt(number)), ct);
        if (bytes is null)
        {
            return (isKnown, null, false);
        }

        var reader = new RecordReader(bytes);
        bool isOwn = new Guid(reader.Bytes()) == _id;
        reader.Byte();
        return (true, PurgeRecords.ReadPurge(ref reader, Instant.Now(_time)), isOwn);
    }

    // The counter first: an object that was asked for before is then known to be outdated, wherever it is read.
    private async ValueTask<bool> CountAsync(TierEvent told, CancellationToken ct)
    {
        string counter = told.Kind == TierEventKind.Removed ? _names.RemovalsOf(told.Key) : _names.DoubtsOf(told.Key);
        long first = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var (outcome, number) = await _access.ProbeAsync(token => _access.Store.IncrementAsync(counter, first, token), ct);
        if (outcome != TierOutcome.Done)
        {
            return false;
        }

        // The successor was asked for before this event, which is about its own coming. Nothing else has happened when the number follows.
        if (told.Successor is { TierMark: { } mark } successor && (number == mark.Doubts + 1 || (mark.Doubts == 0 && number == first)))
        {
            successor.TierMark = mark with { Doubts = number };
        }

        return true;
    }

    private async ValueTask<long?> AppendAsync(
        string counter, long known, Func<long, TierLabel> label, RecordBuffer records, TimeSpan lifetime, CancellationToken ct)
    {
        // Above every number of before, also where the clocks of two instances differ.
        long first = Math.Max(_time.GetUtcNow().ToUnixTimeMilliseconds(), known + 1);
        var (outcome, number) = await _access.ProbeAsync(token => _access.Store.IncrementAsync(counter, first, token), ct);
        if (outcome != TierOutcome.Done || !await _values.SetAsync(label(number), records, lifetime, ct))
        {
            return null;
        }

        await _access.ProbeAsync(
            async token =>
            {
                await _access.Store.TellAsync(token);
                return true;
            },
            ct);
        return number;
    }
}
