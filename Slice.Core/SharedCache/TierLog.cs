using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>Writes the entries of the two logs that <see cref="TierNews"/> reads. Thread-safe.</summary>
/// <remarks>
/// A number without an entry makes all instances validate everything. So an entry that was begun is not given up because whoever asked for
/// it has gone; and a number that the store counts, and tells too late, gets its entry late.
/// </remarks>
/// <param name="access">The store.</param>
/// <param name="values">The same, for small values.</param>
/// <param name="names">The keys.</param>
/// <param name="purges">Learns the purges that are told.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The figures.</param>
/// <param name="id">What tells this instance from the others.</param>
/// <param name="longestGap">How long the others wait for an entry behind its number.</param>
internal sealed class TierLog(
    TierAccess access, TierValues values, TierNames names, TierPurges purges, TimeProvider time, TierMeter meter, Guid id,
    TimeSpan longestGap)
{
    // With one node of three away, eight in a row fail for one entry in 6,561. Arbitrary.
    private const int MostAttempts = 8;

    // An entry has one byte for how many it stands in for. Others have given up those of a while ago.
    private const int MostUnfilled = 64;

    // Longer away, and everything is validated. Arbitrary.
    private static readonly TimeSpan s_kept = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, IReadOnlyList<long>> _unfilled = [];
    private Task _late = Task.CompletedTask;

    /// <summary>Ends with the entries whose numbers come late, after the longest gap at the latest. Never fails.</summary>
    public Task Late
    {
        get
        {
            lock (_lock)
            {
                return _late;
            }
        }
    }

    /// <summary>Called with each event that was counted, before it is told. Must not wait.</summary>
    public Action<TierEvent>? Counted { get; init; }

    /// <summary>
    /// Tells the others of some events: counts each, and says those in an entry that were not said before. A counter that cannot be
    /// reached keeps nothing back.
    /// </summary>
    /// <param name="events">The events.</param>
    /// <param name="known">The last number that is known: a counter that is lost begins above it.</param>
    /// <param name="ct">Ends the attempt.</param>
    /// <returns>
    /// The number of the entry, or <paramref name="known"/> where nothing was left to say; null when the store does not take it, and then
    /// all is to be told again. And those events whose counters were not reached.
    /// </returns>
    public async ValueTask<(long? Number, IReadOnlyList<TierEvent> Uncounted)> TellAsync(
        IReadOnlyList<TierEvent> events, long known, CancellationToken ct)
    {
        var counted = await Task.WhenAll(events.Select(told => CountAsync(told, ct).AsTask()));
        TierEvent[] unsaid = [.. events.Select((told, index) => counted[index] ?? told).Where(static told => told.IsToBeSaid)];
        long? number = unsaid.Length == 0 && events.Count > 0
            ? known
            : await AppendAsync(
                names.News,
                known,
                number => new TierLabel(TierValueKind.News, names.NewsAt(number)),
                (records, replaced) => TierNewsRecords.Write(records, id, replaced, unsaid),
                s_kept,
                ct);
        meter.AddNewsTold(number is null ? 0 : unsaid.Length);
        return (number, [.. events.Where((_, index) => counted[index] is null)]);
    }

    /// <summary>Tells the others of a purge of many objects, which is in force here; its number, or null.</summary>
    /// <param name="purge">The purge.</param>
    /// <param name="known">The last number that is known.</param>
    /// <param name="ct">Ends the attempt, before it has a number.</param>
    public async ValueTask<long?> TellAsync(Purge purge, long known, CancellationToken ct)
    {
        long? number = await AppendAsync(
            names.Purges,
            known,
            number => new TierLabel(TierValueKind.Purge, names.PurgeAt(number)),
            (records, replaced) => TierNewsRecords.Write(records, id, replaced, purge),
            IKeyValueStore.LongestLifetime,
            ct);
        if (number is { } told)
        {
            purges.Add(told, purge);
            meter.AddNewsTold(1);
        }

        return number;
    }

    // Before the event is told: an object that was asked for before is then known to be outdated, wherever it is read. The event with its
    // number; null when the store does not take it.
    private async ValueTask<TierEvent?> CountAsync(TierEvent told, CancellationToken ct)
    {
        string counter = told.IsRemoval ? names.RemovalsOf(told.Key) : names.DoubtsOf(told.Key);
        long first = TierMark.NewCount(time);
        var (outcome, number) = await access.ProbeAsync(token => access.Store.IncrementAsync(counter, first, token), ct);
        if (outcome != TierOutcome.Done)
        {
            return null;
        }

        await RemoveHeadAsync(told.Key, ct);

        // The successor was asked for before this event, which is about its own coming. Nothing else has happened when the number follows.
        if (told.Successor is { TierMark: { } mark } successor && (number == mark.Doubts + 1 || (mark.Doubts == 0 && number == first)))
        {
            successor.TierMark = mark with { Doubts = number };
        }

        var counted = told with { Number = number };
        Counted?.Invoke(counted);
        return counted;
    }

    // Its counters say that it is outdated. A store that forgets them and not the head would bring back what was removed, or what has
    // changed: the head of the new version may be of no use to others, or dropped on its way.
    private async ValueTask RemoveHeadAsync(byte[] key, CancellationToken ct)
    {
        await values.RemoveAsync(names.ObjectOf(key), ct);
        if (KeyFields.ResourceOf(key).Length != key.Length)
        {
            await values.RemoveAsync(names.ObjectOf(KeyFields.ResourceOf(key)), ct);
        }
    }

    // The key of an entry may be at a node that is away: then the next number's is tried, and its entry says that it stands in.
    private async ValueTask<long?> AppendAsync(
        string counter,
        long known,
        Func<long, TierLabel> label,
        Action<RecordBuffer, IReadOnlyList<long>> write,
        TimeSpan lifetime,
        CancellationToken ct)
    {
        long first = FirstOf(known);
        long step = 1;
        List<long> replaced = [.. TakeUnfilled(counter)];
        for (int attempt = 0; attempt < MostAttempts && !ct.IsCancellationRequested; attempt++)
        {
            var counting = CountAsync(counter, first, step);
            var (outcome, number) = await access.ProbeAsync(token => new ValueTask<long>(counting.WaitAsync(token)), default);
            if (outcome != TierOutcome.Done)
            {
                WriteLate(counting, number => WriteAsync(number, replaced));
                break;
            }

            if (number <= known)
            {
                // The store was put back to what it had earlier. The numbers up to here have been heard of, with other entries.
                step = first - number;
                continue;
            }

            if (await WriteAsync(number, replaced))
            {
                return number;
            }

            replaced.Add(number);
        }

        // The next entry stands in for these. Twice does no harm.
        KeepUnfilled(counter, replaced);
        return null;

        async ValueTask<bool> WriteAsync(long number, IReadOnlyList<long> replaced)
        {
            var records = new RecordBuffer();
            write(records, replaced);
            bool isWritten = await values.SetAsync(label(number), records, lifetime, default);
            if (isWritten)
            {
                await WakeOthersAsync();
            }

            return isWritten;
        }
    }

    // Of a counter that is made anew: above every number of before, also where the clocks of two instances differ, and so far above that
    // nobody waits for the entries in between. Milliseconds would not do: a store that loses all of it twice within four seconds.
    private long FirstOf(long known)
    {
        long microseconds = (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;
        return Math.Max(microseconds, known + HeardNews.MostEntries + 1);
    }

    private IReadOnlyList<long> TakeUnfilled(string counter)
    {
        lock (_lock)
        {
            return _unfilled.Remove(counter, out var numbers) ? numbers : [];
        }
    }

    private void KeepUnfilled(string counter, List<long> numbers)
    {
        lock (_lock)
        {
            _unfilled[counter] = [.. _unfilled.GetValueOrDefault(counter, []).Concat(numbers).TakeLast(MostUnfilled)];
        }
    }

    // Longer than anybody here waits for the number.
    private async Task<long> CountAsync(string counter, long first, long step)
    {
        using var limit = new CancellationTokenSource(longestGap, time);
        return await access.Store.IncrementAsync(counter, first, step, limit.Token);
    }

    // What the entry says is told once more under another number, which does no harm.
    private void WriteLate(Task<long> counting, Func<long, ValueTask<bool>> write)
    {
        lock (_lock)
        {
            _late = Task.WhenAll(_late, WriteLateAsync(counting, write));
        }
    }

    private static async Task WriteLateAsync(Task<long> counting, Func<long, ValueTask<bool>> write)
    {
        try
        {
            await write(await counting);
        }
        catch (Exception)
        {
            // Whatever a store throws, as in TierAccess. Nobody knows whether there is a number: when there is, the others find out that
            // its entry is missing.
        }
    }

    private async ValueTask WakeOthersAsync() => await access.ProbeAsync(
        async token =>
        {
            await access.Store.TellAsync(token);
            return true;
        },
        default);
}
