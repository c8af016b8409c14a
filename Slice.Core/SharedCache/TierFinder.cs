using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>Looks for objects in a shared store, and holds them against what has happened to them since. Thread-safe.</summary>
/// <param name="reader">Reads their records.</param>
/// <param name="counters">Reads what has happened to them.</param>
/// <param name="names">The keys.</param>
/// <param name="fleet">The purges of many objects.</param>
/// <param name="index">What is stored here.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The figures.</param>
internal sealed class TierFinder(
    TierReader reader, TierCounters counters, TierNames names, TierFleet fleet, ObjectIndex index, TimeProvider time, TierMeter meter)
{
    /// <summary>What there is of an object, which may be nothing; null where the store does not say.</summary>
    /// <param name="key">The cache key.</param>
    /// <param name="isFirst">Whether nobody has looked for it before in the same request: it is counted then.</param>
    /// <param name="ct">The caller's.</param>
    public async ValueTask<TierObjects?> LookAsync(CacheKey key, bool isFirst, CancellationToken ct)
    {
        // Another instance may have counted a removal of which this one will hear in a moment: as if it had been heard.
        var found = await LookOnceAsync(key, isFirst, ct);
        return found is not null && index.RemoveBefore(key.Bytes, found.Mark) ? await LookOnceAsync(key, isFirst, ct) : found;
    }

    // The counters each time: who follows another instance waits for what has come of a change, too, which is counted.
    private async ValueTask<TierObjects?> LookOnceAsync(CacheKey key, bool isFirst, CancellationToken ct)
    {
        // Before the counters: a purge that comes meanwhile is one that nobody here knew when the object was asked for.
        long purges = fleet.Purges.Latest;
        var asked = index.MarkOf(key.Bytes);
        var removals = counters.RemovalsOfAsync(key, ct).AsTask();
        var doubts = counters.DoubtsOfAsync(key, ct).AsTask();
        using var read = await reader.ReadAsync(new TierLabel(TierValueKind.Object, names.ObjectOf(key.Bytes)), 0, ct);
        var (removed, doubted) = (await removals, await doubts);
        var outcome = read.Outcome != TierOutcome.Done ? read.Outcome
            : removed.Outcome != TierOutcome.Done ? removed.Outcome
            : doubted.Outcome;
        if (outcome != TierOutcome.Done)
        {
            Count(TierRead.WordOf(outcome), isFirst);
            return null;
        }

        var mark = new TierMark(removed.Number, doubted.Number, purges);
        return new TierObjects(mark, asked, Understand(key, mark, read, isFirst) ?? [], null);
    }

    // The variants of an object that nothing has happened to since it was asked for; null when there are none.
    private List<TierObject>? Understand(CacheKey key, TierMark mark, TierRead read, bool isFirst)
    {
        if (!read.IsFound)
        {
            Count(read.Word, isFirst);
            return null;
        }

        try
        {
            var resided = read.Resided > TimeSpan.Zero ? read.Resided : TimeSpan.Zero;
            var variants = TierRecords.Read(read.Payload.Span, resided, Instant.Now(time), out var asked);
            bool isOutdated = asked.Removals != mark.Removals
                || asked.Doubts != mark.Doubts
                || variants.Exists(variant => IsOutdated(variant.Response.Tags, asked.Purges));
            Count(isOutdated ? "outdated" : "hit", isFirst);
            return isOutdated ? null : variants;
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise under the same version of the envelope.
            Count("damaged", isFirst);
            return null;
        }

        bool IsOutdated(CacheTags? tags, long purges) =>
            fleet.Hides(key.Bytes, tags) || fleet.Purges.IsOutdated(key.Bytes, tags, purges);
    }

    private void Count(string word, bool isFirst)
    {
        if (isFirst || word is "hit" or "damaged")
        {
            meter.Reads.Add(word);
        }
    }
}
