namespace Slice.Core.Ranges;

/// <summary>The bytes of one slice that one answer needs.</summary>
/// <param name="SliceIndex">Which slice, 0 is the first of the object.</param>
/// <param name="SkipBytes">Bytes of the slice before the first one wanted; 0 except in the first part of a plan.</param>
/// <param name="TakeBytes">Bytes wanted, 1 or more; <c>SkipBytes + TakeBytes</c> never exceeds the slice.</param>
public readonly record struct SlicePart(int SliceIndex, int SkipBytes, int TakeBytes);
