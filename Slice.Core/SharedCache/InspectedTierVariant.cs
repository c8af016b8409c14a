using Slice.Core.Fetching;

namespace Slice.Core.SharedCache;

/// <summary>One variant of an object in a shared store. Immutable.</summary>
/// <param name="Stored">Its head, as old as it is now, and its body where that is with the head.</param>
/// <param name="Age">How old it is.</param>
/// <param name="FreshFor">How long it stays fresh; below zero when it is stale.</param>
/// <param name="Slices">Slices that it has in all.</param>
/// <param name="LookedAt">How many of them were looked for: all, or some all over it when they are many.</param>
/// <param name="There">How many of those are there, and intact.</param>
public sealed record InspectedTierVariant(TierObject Stored, TimeSpan Age, TimeSpan FreshFor, int Slices, int LookedAt, int There);
