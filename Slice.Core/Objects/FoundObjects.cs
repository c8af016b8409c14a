namespace Slice.Core.Objects;

/// <summary>What a search has found. Immutable.</summary>
/// <param name="Objects">The objects, at most as many as were asked for.</param>
/// <param name="Looked">Objects that were looked at.</param>
/// <param name="IsComplete">Whether every object was looked at: else there may be more.</param>
public sealed record FoundObjects(IReadOnlyList<FoundObject> Objects, long Looked, bool IsComplete);
