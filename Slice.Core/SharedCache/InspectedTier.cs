namespace Slice.Core.SharedCache;

/// <summary>A shared store as a <see cref="TierInspection"/> has found it. Immutable.</summary>
public sealed record InspectedTier
{
    /// <summary>What it is and where.</summary>
    public required string Store { get; init; }

    /// <summary>The part of its keys that tells realms apart.</summary>
    public required string Realm { get; init; }

    /// <summary>Why nothing more is known of it; null when it answers.</summary>
    public string? Problem { get; init; }

    /// <summary>What it says of itself; null when it does not answer, or does not tell this user.</summary>
    public string? Description { get; init; }

    /// <summary>The number of the last news; 0 for none.</summary>
    public long News { get; init; }

    /// <summary>The number of the last purge of many objects; 0 for none.</summary>
    public long Purges { get; init; }

    /// <summary>The instances that use it, in the order of their names.</summary>
    public IReadOnlyList<FleetMember> Members { get; init; } = [];
}
