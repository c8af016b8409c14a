using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>
/// Compares what this instance has learned of alone with the store: the same version under counters that are still good is no news.
/// Thread-safe.
/// </summary>
/// <param name="access">The store.</param>
/// <param name="values">The same, for small values.</param>
/// <param name="names">The keys.</param>
/// <param name="purges">The purges of all instances.</param>
/// <param name="time">The clock.</param>
internal sealed class TierRecognition(TierAccess access, TierValues values, TierNames names, TierPurges purges, TimeProvider time)
{
    /// <summary>
    /// Whether the store has this version, of which the others have heard then; also while the store is not used. The generation gets the
    /// mark of what is there, unless something was removed: nobody knows whether it was asked for before that. False when the store does
    /// not say: told once too often does no harm.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<bool> IsThereAsync(Generation generation, CancellationToken ct)
    {
        // Before the counters: a purge that comes meanwhile is one that nobody here knew when the object was asked for.
        long latest = purges.Latest;
        byte[] key = generation.Key.Bytes.ToArray();
        var removals = ReadAsync(names.RemovalsOf(key), ct).AsTask();
        var doubts = ReadAsync(names.DoubtsOf(key), ct).AsTask();
        var (_, records) = await values.GetAsync(new TierLabel(TierValueKind.Object, names.ObjectOf(key)), ct);
        if (await removals is not { } removed || await doubts is not { } doubted || records is null)
        {
            return false;
        }

        var mark = new TierMark(removed, doubted, latest);
        bool isThere = Understand(records, out var asked)
            .Exists(variant => Equals(variant.Selecting, generation.Selecting)
                && variant.IsSameAs(generation)
                && !purges.IsOutdated(key, variant.Response.Tags, asked.Purges));
        if (!isThere || asked.Removals != removed || asked.Doubts != doubted)
        {
            return false;
        }

        if (generation.HasSeenRemovals(mark))
        {
            generation.TierMark = mark;
        }

        return true;
    }

    private List<TierObject> Understand(byte[] records, out TierMark asked)
    {
        try
        {
            return TierRecords.Read(records, TimeSpan.Zero, Instant.Now(time), out asked);
        }
        catch (InvalidDataException)
        {
            // By a program that writes otherwise under the same version of the envelope.
            asked = new TierMark(0, 0, 0);
            return [];
        }
    }

    private async ValueTask<long?> ReadAsync(string counter, CancellationToken ct)
    {
        var (outcome, number) = await access.ProbeAsync(token => access.Store.ReadCounterAsync(counter, token), ct);
        return outcome == TierOutcome.Done ? number : null;
    }
}
