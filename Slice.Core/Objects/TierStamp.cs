namespace Slice.Core.Objects;

/// <summary>What names the slices of an object in a shared tier, and says between which removals they were asked for.</summary>
/// <param name="Mark">What the tier had seen; null for no tier.</param>
/// <param name="LastPurge"><see cref="GenerationHead.TierPurge"/>; null where it was not needed yet.</param>
internal readonly record struct TierStamp(TierMark? Mark, long? LastPurge);
