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
            Act(told);
        }

        return replaced;
    }

    /// <summary>Acts on an event of another instance, or of an earlier process here.</summary>
    public void Act(TierEvent told)
    {
        switch (told.Kind)
        {
            case TierEventKind.Changed:
                Leave(told);
                break;
            case TierEventKind.Expired:
                index.Expire(told.Key, Instant.Now(time));
                break;
            default:
                // What a newer program calls otherwise, too: gone is never wrong.
                index.Remove(told.Key);
                break;
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
