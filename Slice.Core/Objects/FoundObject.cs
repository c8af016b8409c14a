using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>One stored object, or one variant of an object, that a search has found, as it was then.</summary>
/// <param name="Key">Its key, by which it is purged.</param>
/// <param name="CompleteLength">Its bytes.</param>
/// <param name="StoredSlices">Its slices in the store.</param>
/// <param name="Slices">All its slices.</param>
/// <param name="Freshness">How long it may be used without the origin.</param>
/// <param name="Status">Status of the stored response.</param>
public readonly record struct FoundObject(
    CacheKey Key, long CompleteLength, int StoredSlices, int Slices, Freshness Freshness, int Status);
