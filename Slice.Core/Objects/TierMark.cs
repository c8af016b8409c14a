namespace Slice.Core.Objects;

/// <summary>
/// What the shared tier had seen of an object when the object was asked for: a removal that any instance has seen since then wins over what
/// came. Two objects with equal marks were asked for between the same removals. Immutable.
/// </summary>
/// <param name="Removals">The counter of removals of the key, by PURGE or an unsafe method; 0 for none so far.</param>
/// <param name="Doubts">The counter of changes and soft purges of the key; 0 for none so far.</param>
/// <param name="Purges">The number of the last purge of many objects that was known; 0 for none.</param>
public sealed record TierMark(long Removals, long Doubts, long Purges);
