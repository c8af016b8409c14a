using Slice.Core.Ranges;

namespace Slice.Core.Origin;

/// <summary>The part of the object that a response carries, once it has passed <see cref="PartialResponseCheck"/>.</summary>
/// <param name="Part">The bytes its body holds.</param>
/// <param name="CompleteLength">Bytes of the whole representation; -1 when the origin does not know (<c>bytes a-b/*</c>).</param>
public readonly record struct CheckedPart(ByteRange Part, long CompleteLength);
