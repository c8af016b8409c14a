using Slice.Core.Objects;
using Slice.Core.Objects.Journal;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>Writes the entries of the two logs that <see cref="TierNews"/> reads. Thread-safe.</summary>
/// <param name="access">The store.</param>
/// <param name="values">The same, for small values.</param>
/// <param name="names">The keys.</param>
/// <param name="purges">Learns the purges that are told.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The figures.</param>
/// <param name="id">What tells this instance from the others.</param>
internal sealed class TierLog(
    TierAccess access, TierValues values, TierNames names, TierPurges purges, TimeProvider time, TierMeter meter, Guid id)
{
    // Longer away, and everything is validated. Arbitrary.
    private static readonly TimeSpan s_kept = TimeSpan.FromHours(24);

    /// <summary>Tells the others of some events; the number of the entry, or null when the store does not take it.</summary>
    /// <param name="events">The events.</param>
    /// <param name="known">The last number that is known: a counter that is lost begins above it.</param>
    /// <param name="ct">Ends the attempt.</param>
    public async ValueTask<long?> TellAsync(IReadOnlyList<TierEvent> events, long known, CancellationToken ct)
    {
        var counted = await Task.WhenAll(events.Select(told => CountAsync(told, ct).AsTask()));
        if (counted.Contains(false))
        {
            return null;
        }

        var records = new RecordBuffer();
        TierNewsRecords.Write(records, id, events);
        long? number = await AppendAsync(
            names.News, known, number => new TierLabel(TierValueKind.News, names.NewsAt(number)), records, s_kept, ct);
        meter.AddNewsTold(number is null ? 0 : events.Count);
        return number;
    }

    /// <summary>Tells the others of a purge of many objects, which is in force here; its number, or null.</summary>
    /// <param name="purge">The purge.</param>
    /// <param name="known">The last number that is known.</param>
    /// <param name="ct">Ends the attempt.</param>
    public async ValueTask<long?> TellAsync(Purge purge, long known, CancellationToken ct)
    {
        var records = new RecordBuffer();
        TierNewsRecords.Write(records, id, purge);
        long? number = await AppendAsync(
            names.Purges,
            known,
            number => new TierLabel(TierValueKind.Purge, names.PurgeAt(number)),
            records,
            IKeyValueStore.LongestLifetime,
            ct);
        if (number is { } told)
        {
            purges.Add(told, purge);
            meter.AddNewsTold(1);
        }

        return number;
    }

    // The counter first: an object that was asked for before is then known to be outdated, wherever it is read.
    private async ValueTask<bool> CountAsync(TierEvent told, CancellationToken ct)
    {
        string counter = told.Kind == TierEventKind.Removed ? names.RemovalsOf(told.Key) : names.DoubtsOf(told.Key);
        long first = time.GetUtcNow().ToUnixTimeMilliseconds();
        var (outcome, number) = await access.ProbeAsync(token => access.Store.IncrementAsync(counter, first, token), ct);
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
        long first = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), known + 1);
        var (outcome, number) = await access.ProbeAsync(token => access.Store.IncrementAsync(counter, first, token), ct);
        if (outcome != TierOutcome.Done || !await values.SetAsync(label(number), records, lifetime, ct))
        {
            return null;
        }

        await access.ProbeAsync(
            async token =>
            {
                await access.Store.TellAsync(token);
                return true;
            },
            ct);
        return number;
    }
}
