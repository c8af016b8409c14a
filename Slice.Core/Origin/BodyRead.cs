namespace Slice.Core.Origin;

/// <summary>The result of one read of a body.</summary>
/// <param name="Bytes">Bytes read; 0 at the end.</param>
/// <param name="Failure">Why the read failed, or none.</param>
public readonly record struct BodyRead(int Bytes, Failure Failure);
