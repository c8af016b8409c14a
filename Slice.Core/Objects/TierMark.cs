namespace Slice.Core.Objects;

/// <summary>
/// What the shared tier had seen of an object when the object was asked for: a removal that any instance has seen since then wins over what
/// came. Two objects with equal marks were asked for between the same removals. Immutable.
/// </summary>
/// <remarks>
/// A counter that a store has forgotten is made anew, above all of before: with the time in milliseconds, and <see cref="CountBits"/> zeros
/// below it while nothing is counted. So one that was made anew can be told from one that something was counted with.
/// </remarks>
/// <param name="Removals">The counter of removals of the key, by PURGE or an unsafe method; 0 for none so far.</param>
/// <param name="Doubts">The counter of changes and soft purges of the key; 0 for none so far.</param>
/// <param name="Purges">The number of the last purge of many objects that was known; 0 for none.</param>
public sealed record TierMark(long Removals, long Doubts, long Purges)
{
    private const int CountBits = 12;
    private const long CountMask = (1 << CountBits) - 1;

    /// <summary>
    /// Whether a removal was counted since the counter was made: what was asked for by another number of it was asked for before that
    /// removal. Else all that is known of such an object is what the news have told.
    /// </summary>
    internal bool HasCountedRemovals => (Removals & CountMask) != 0;

    /// <summary>What a counter is made with before there is anything to count.</summary>
    internal static long NewCounter(TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds() << CountBits;

    /// <summary>
    /// What a counter is made with by the first that is counted. By chance, so that no second one that another instance has counted in the
    /// next millisecond takes itself for the first.
    /// </summary>
    internal static long NewCount(TimeProvider time) => NewCounter(time) + 1 + Random.Shared.Next((int)CountMask / 2);
}
