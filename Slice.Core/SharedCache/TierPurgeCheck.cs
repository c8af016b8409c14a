using Slice.Core.Caching;
using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>Holds what is to go to the tier, or is looked for there, against the purges of many objects. Thread-safe.</summary>
/// <param name="fleet">Knows the purges of all instances.</param>
/// <param name="index">What is stored here.</param>
/// <param name="time">The clock.</param>
internal sealed class TierPurgeCheck(TierFleet fleet, ObjectIndex index, TimeProvider time)
{
    /// <summary>
    /// Whether an object was asked for after a hard purge, and before that purge had its number in the store: its slices would have the
    /// names of those of before.
    /// </summary>
    public bool IsNamedBefore(Generation generation)
    {
        var key = generation.Key.Bytes;
        var tags = generation.Response.Tags;
        return fleet.Hides(key, tags) || fleet.Purges.HasRemovalAfter(key, tags, generation.TierMark?.Purges ?? 0);
    }

    /// <summary>
    /// Whether an object was asked for before a purge had its number, if perhaps behind that purge; then it is validated before its next
    /// use here. Nobody finds a head of that time, so nobody would notice, as by a claim, that another instance has another version. The
    /// validation gives the object a mark of now.
    /// </summary>
    public bool ValidateOutdated(Generation generation)
    {
        var key = generation.Key.Bytes;
        var tags = generation.Response.Tags;
        bool isOutdated = generation is { IsShared: true, IsRetired: false, TierMark: { } mark }
            && (fleet.Hides(key, tags) || fleet.Purges.IsOutdated(key, tags, mark.Purges));
        if (isOutdated)
        {
            index.Keyed.ExpireUnknown(key, Instant.Now(time), other => other != generation);
        }

        return isOutdated;
    }
}
