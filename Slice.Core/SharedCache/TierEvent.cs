using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>One thing that the other instances have to hear of. Immutable.</summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Key">The cache key that it is of.</param>
/// <param name="Old">The version that is not the object any more, as <see cref="TierNames.ContentOf"/> has it; for a change only.</param>
internal sealed record TierEvent(TierEventKind Kind, byte[] Key, TierVersion Old)
{
    /// <summary>Whether the others were told, so that only its counter is left.</summary>
    public bool IsSaid { get; init; }

    /// <summary>What has the place of the old version here; null for nothing, and for what another instance tells.</summary>
    public Generation? Successor { get; init; }
}
