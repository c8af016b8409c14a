namespace Slice.Core.SharedCache;

/// <summary>One object in a shared store, as a <see cref="TierInspection"/> has found it. Immutable.</summary>
/// <param name="State">What became of looking for it.</param>
/// <param name="Reason">Why it is outdated, or why nobody knows; null otherwise.</param>
/// <param name="Variants">Its variants; empty when there is nothing that can be read.</param>
public sealed record InspectedTierObject(TierObjectState State, string? Reason, IReadOnlyList<InspectedTierVariant> Variants);
