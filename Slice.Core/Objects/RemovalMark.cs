namespace Slice.Core.Objects;

/// <summary>
/// How many removals a key, or one that shares its counters, had seen at a moment. An answer that was asked for then is not to be kept when
/// the key has seen more by the time the answer is there (B52). Taken by <see cref="ObjectIndex.MarkOf"/>.
/// </summary>
/// <param name="Removals">Removals of the key, by a PURGE of its URL or an unsafe method.</param>
/// <param name="Expirations">Soft purges of its URL.</param>
/// <param name="Purges">The number of the last purge of many objects (<see cref="PurgesInForce.Latest"/>).</param>
public readonly record struct RemovalMark(int Removals, int Expirations, long Purges);
