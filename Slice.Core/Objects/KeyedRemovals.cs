using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// Takes out, or makes stale, what is stored under one key: all that a PURGE of its URL, or an unsafe method, is for. The hands of
/// <see cref="ObjectIndex"/>. Thread-safe.
/// </summary>
/// <param name="objects">What is stored.</param>
/// <param name="siblings">Which keys are of one target.</param>
/// <param name="removals">Where it is counted.</param>
/// <param name="enforcement">Holds what is found against the purges of many objects.</param>
/// <param name="successions">Held while a generation goes on in another one.</param>
internal sealed class KeyedRemovals(
    VariantsTable objects, SiblingKeys siblings, KeyRemovals removals, PurgeEnforcement enforcement, Lock successions)
{
    /// <summary>
    /// Takes what is stored under the key out of the cache at once, with all its variants, whatever its size, and what is stored under the
    /// same target for other values of <c>cache_key.fields</c> (PURGE).
    /// </summary>
    /// <returns>The slices it had, or -1 when nothing was stored.</returns>
    public int Remove(ReadOnlySpan<byte> key)
    {
        var resource = KeyFields.ResourceOf(key);
        removals.CountRemoval(key);
        int slices = RemoveVariants(resource);
        foreach (var sibling in siblings.Of(resource))
        {
            int removed = RemoveVariants(sibling.Bytes);
            siblings.Remove(sibling, IsGone);
            slices = removed < 0 ? slices : Math.Max(0, slices) + removed;
        }

        return slices;
    }

    /// <summary>
    /// Makes what <see cref="Remove(ReadOnlySpan{byte})"/> would take out stale at once: it is validated before its next use.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    /// <returns>The slices that it has, or -1 when nothing is stored.</returns>
    public int Expire(ReadOnlySpan<byte> key, Instant now)
    {
        var resource = KeyFields.ResourceOf(key);
        removals.CountExpiration(key);
        int slices = ExpireVariants(resource, now);
        foreach (var sibling in siblings.Of(resource))
        {
            int expired = ExpireVariants(sibling.Bytes, now);
            slices = expired < 0 ? slices : Math.Max(0, slices) + expired;
        }

        return slices;
    }

    /// <summary>
    /// Takes the variants of a version out that is not the object any more, and makes the others stale that may not be it either. Counts a
    /// soft purge: what was asked for before is validated when it comes. No removal, as most of that is the version that has the old one's
    /// place: several instances see one change at once.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    /// <param name="isOld">Whether a variant is of that version.</param>
    /// <param name="isKnown">Whether a variant is known to be still good.</param>
    public void LeaveVersion(ReadOnlySpan<byte> key, Instant now, Predicate<Generation> isOld, Predicate<Generation> isKnown)
    {
        removals.CountExpiration(key);
        RemoveVariantsOfAll(key, isOld);
        ExpireVariantsOfAll(key, now, isKnown);
    }

    /// <summary>
    /// Takes the variants out that were asked for before a removal that the shared tier has seen, in the same way; false, and nothing
    /// changes, when there are none. A counter that was lost and made anew has seen none: what is stored here is validated then.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="now">What the tier has seen.</param>
    public bool RemoveBefore(ReadOnlySpan<byte> key, TierMark now)
    {
        Predicate<Generation> isBefore = generation => generation.TierMark is { } mark && mark.Removals < now.Removals;
        if (!now.HasCountedRemovals || !TryGetUnpurged(key, out var variants) || !variants.Any(isBefore))
        {
            return false;
        }

        removals.CountRemoval(key);
        RemoveVariantsOfAll(key, isBefore);
        return true;
    }

    /// <summary>
    /// Takes the variants out that the shared tier had of before a removal of this instance's own, which is counted there by now: also
    /// those that are just coming from there.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="number">The number of the removal.</param>
    public void RemoveCounted(ReadOnlySpan<byte> key, long number)
    {
        removals.CountRemoval(key);
        RemoveVariantsOfAll(key, generation => generation.TierMark is { } mark && mark.Removals < number);
    }

    /// <summary>
    /// Makes those variants stale that may not be the object any more, in the same way, and counts a soft purge: what was asked for before
    /// is validated when it comes.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="now">The time.</param>
    /// <param name="isKnown">Whether a variant is known to be still good.</param>
    public void ExpireUnknown(ReadOnlySpan<byte> key, Instant now, Predicate<Generation> isKnown)
    {
        removals.CountExpiration(key);
        ExpireVariantsOfAll(key, now, isKnown);
    }

    private void RemoveVariantsOfAll(ReadOnlySpan<byte> key, Predicate<Generation> which)
    {
        var resource = KeyFields.ResourceOf(key);
        RemoveVariants(resource, which);
        foreach (var sibling in siblings.Of(resource))
        {
            RemoveVariants(sibling.Bytes, which);
            siblings.Remove(sibling, IsGone);
        }
    }

    private void ExpireVariantsOfAll(ReadOnlySpan<byte> key, Instant now, Predicate<Generation> isKnown)
    {
        var resource = KeyFields.ResourceOf(key);
        ExpireVariants(resource, now, isKnown);
        foreach (var sibling in siblings.Of(resource))
        {
            ExpireVariants(sibling.Bytes, now, isKnown);
        }
    }

    // What was purged with others, and waits for the sweeper, does not count.
    private int RemoveVariants(ReadOnlySpan<byte> key)
    {
        int slices = -1;
        if (TryGetUnpurged(key, out _) && objects.TryRemove(key, out var variants))
        {
            foreach (var generation in variants.All)
            {
                int stored = generation.StoredSlices;
                slices = generation.TryRetire(dropsHere: false) ? Math.Max(0, slices) + stored : slices;
            }
        }

        return slices;
    }

    private void RemoveVariants(ReadOnlySpan<byte> key, Predicate<Generation> which)
    {
        foreach (var generation in TryGetUnpurged(key, out var variants) ? variants.All : [])
        {
            if (which(generation))
            {
                generation.TryRetire(dropsHere: false);
                objects.Remove(generation);
            }
        }
    }

    // Thread A ends the second of an object: copies its response, then puts the copy into its place. Thread B purges softly, as a whole
    // before A or after: under one lock, no copy from before is put into the place after.
    private int ExpireVariants(ReadOnlySpan<byte> key, Instant now, Predicate<Generation>? isKnown = null)
    {
        using var scope = successions.EnterScope();
        int slices = -1;
        foreach (var generation in TryGetUnpurged(key, out var variants) ? variants.All : [])
        {
            if (isKnown?.Invoke(generation) == true)
            {
                // As good as asked for after this: an answer that was asked for before does not take its place.
                generation.NoteAsked(removals.MarkOf(key));
                continue;
            }

            generation.TakeExpired(now);
            generation.TellResponse();
            slices = Math.Max(0, slices) + generation.StoredSlices;
        }

        return slices;
    }

    /// <summary>What is stored under a key, held against the purges of many objects.</summary>
    public bool TryGetUnpurged(ReadOnlySpan<byte> key, [NotNullWhen(true)] out StoredVariants? variants)
    {
        if (!objects.TryGet(key, out variants))
        {
            return false;
        }

        enforcement.Enforce(variants);
        return objects.TryGet(key, out variants);
    }

    private bool IsGone(CacheKey key) => !objects.Contains(key.Bytes);
}
