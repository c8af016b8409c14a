namespace Slice.Core.Objects.Journal;

/// <summary>A slice that is of no use.</summary>
/// <param name="Key">Key of its object.</param>
/// <param name="SliceIndex">Its index.</param>
/// <param name="Problem">What is wrong.</param>
public readonly record struct DamagedSlice(string Key, int SliceIndex, string Problem);
