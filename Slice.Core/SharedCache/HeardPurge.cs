using Slice.Core.Objects;

namespace Slice.Core.SharedCache;

/// <summary>A purge that another instance has told, and that was made here. Immutable.</summary>
/// <param name="Scope">What it is of; null for one URL.</param>
/// <param name="Target">The URL or the prefix, as keys have it, or how many tags; empty for everything.</param>
/// <param name="IsSoft">Whether what is stored stays, and is validated.</param>
/// <param name="Slices">Slices that are gone or stale here.</param>
/// <param name="From">The name of the instance; what tells it from others where it has gone.</param>
public sealed record HeardPurge(PurgeScope? Scope, string Target, bool IsSoft, long Slices, string From);
