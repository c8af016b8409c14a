namespace Slice.Core.SharedCache;

/// <summary>An instance that shares a tier with others, as it was seen last. Immutable.</summary>
/// <param name="Id">What tells it from the others; new with each start.</param>
/// <param name="Name">Machine and port, for people.</param>
/// <param name="News">The number of the last news that it has acted on, and of all before.</param>
/// <param name="Purges">The number of the last purge of many objects, in the same way.</param>
public sealed record FleetMember(Guid Id, string Name, long News, long Purges);
