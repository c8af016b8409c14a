using Slice.Core.SharedCache;

namespace Slice.Host.CommandLine;

/// <summary>What <c>inspect</c> has found in a shared cache. Immutable.</summary>
/// <param name="Tier">The store.</param>
/// <param name="Prefix">What its keys begin with.</param>
internal sealed record SharedCacheFindings(InspectedTier Tier, string Prefix)
{
    /// <summary>The cache key of the object that was looked for; null for none.</summary>
    public string? Key { get; init; }

    /// <summary>The object that was looked for; null for none.</summary>
    public InspectedTierObject? Object { get; init; }

    /// <summary>Whether an object was to be looked for that nobody can name without its host.</summary>
    public bool IsWithoutHost { get; init; }

    /// <summary>Whether something that was to be shown is not known.</summary>
    public bool IsUnknown => Tier.Problem is not null || Object is { State: TierObjectState.Unknown } || IsWithoutHost;
}
