using Slice.Core.Objects;

namespace Slice.Core.Fetching;

/// <summary>What a shared tier knows of the object under one key. Immutable.</summary>
/// <param name="Mark">What the tier has seen of the key: for what is asked of the origin from now on.</param>
/// <param name="Asked">The removals that this instance had seen then: for what is published of it, or of the origin's answer.</param>
/// <param name="Variants">The object, in each of its variants; empty for none.</param>
/// <param name="Turn">The turn to ask the origin when there is none; null where nobody waits. The caller ends it.</param>
public sealed record TierObjects(TierMark Mark, RemovalMark Asked, IReadOnlyList<TierObject> Variants, TierTurn? Turn);
