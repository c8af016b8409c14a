namespace Slice.Core.SharedCache;

/// <summary>
/// What the envelope of a value must say for the value to be the one that was asked for. Immutable.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The key that it is under.</param>
/// <param name="Version">The version that it is of; default for a value of none.</param>
/// <param name="SliceSizeBytes">The grid of a slice; 0 for another kind.</param>
/// <param name="SliceIndex">The index of a slice; 0 for another kind.</param>
/// <param name="CompleteLength">Bytes of the object of a slice; 0 for another kind.</param>
internal readonly record struct TierLabel(
    TierValueKind Kind, string Name, TierVersion Version = default, int SliceSizeBytes = 0, int SliceIndex = 0, long CompleteLength = 0);
