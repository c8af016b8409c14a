using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;

namespace Slice.Core.SharedCache;

/// <summary>Does to what is stored here what another instance has told. Thread-safe.</summary>
/// <param name="index">What is stored.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The figures.</param>
/// <param name="id">What tells this instance from the others.</param>
internal sealed class TierNewsActions(ObjectIndex index, TimeProvider time, TierMeter meter, Guid id)
{
    /// <summary>Gets each PURGE of one URL that another instance has told; null for nobody.</summary>
    public HeardPurges? HeardPurges { get; set; }

    /// <summary>Acts on an entry; nothing when this instance has written it.</summary>
    /// <exception cref="InvalidDataException">It is not what we write.</exception>
    /// <returns>The numbers that the entry stands in for.</returns>
    public long[] Act(byte[] entry)
    {
        var (by, replaced, events) = TierNewsRecords.Read(entry);
        if (by == id)
        {
            return replaced;
        }

        meter.AddNewsHeard(events.Count);
        foreach (var told in events)
        {
            int slices = Act(told);
            if (told.Kind is TierEventKind.Purged or TierEventKind.PurgedSoftly)
            {
                HeardPurges?.Add(by, told.Key, isSoft: !told.IsRemoval, slices);
            }
        }

        return replaced;
    }

    /// <summary>
    /// Acts on an event of another instance, or of an earlier process here. The number of slices that are gone or stale; negative where
    /// there was no object, or nobody counts.
    /// </summary>
    public int Act(TierEvent told)
    {
        switch (told.Kind)
        {
            case TierEventKind.Changed:
                Leave(told);
                return -1;
            case TierEventKind.Expired:
            case TierEventKind.PurgedSoftly:
                return index.Expire(told.Key, Instant.Now(time));
            default:
                // What a newer program calls otherwise, too: gone is never wrong.
                return index.Remove(told.Key);
        }
    }

    /// <summary>Puts a purge of many objects in force here.</summary>
    public async ValueTask PurgeAsync(Purge purge, CancellationToken ct)
    {
        while (!index.Purges.TryAdd(purge) && index.Purges.Oldest is { } oldest)
        {
            await oldest.Swept.WaitAsync(ct);
        }
    }

    /// <summary>
    /// Acts on an event of this instance that was counted just now. The other variants of the object are outdated in the store from now on:
    /// whoever fetches one anew does not see that it has changed, so this instance validates its own, like the others. And what this
    /// instance has removed, or wants validated, was in the store until now, and may have come back from there.
    /// </summary>
    public void ActOnOwn(TierEvent counted)
    {
        switch (counted.Kind)
        {
            case TierEventKind.Changed:
                index.Keyed.ExpireUnknown(
                    counted.Key,
                    Instant.Now(time),
                    generation => generation == counted.Successor || generation.TierMark?.Doubts >= counted.Number);
                break;
            case TierEventKind.Expired:
            case TierEventKind.PurgedSoftly:
                index.Keyed.ExpireUnknown(
                    counted.Key,
                    Instant.Now(time),
                    generation => generation.TierMark is not { } mark || mark.Doubts >= counted.Number);
                break;
            default:
                index.Keyed.RemoveCounted(counted.Key, counted.Number);
                break;
        }
    }

    // Instance A has seen one change and this one another, of the same version or of one that A never had: one of the two new ones is
    // older, and nobody knows which. What was asked for before A counted its change, and is not what A has now, is validated.
    private void Leave(TierEvent told) => index.LeaveVersion(
        told.Key,
        Instant.Now(time),
        generation => !told.IsOfNoVersion && TierNames.ContentOf(generation.Response) == told.Old,
        generation => generation.TierMark?.Doubts >= told.Number
            || (told.Now != default && TierNames.SureContentOf(generation) == told.Now));
}
