namespace Slice.Core.SharedCache;

/// <summary>How far something has come that this instance has told the others. Immutable.</summary>
/// <param name="Instances">Instances that were seen lately, this one among them; 0 where nobody was told.</param>
/// <param name="Missing">The names of those that have not acted on it, in order.</param>
public sealed record FleetReach(int Instances, IReadOnlyList<string> Missing)
{
    /// <summary>Why the store has not taken it, so that nobody was told; null when it has.</summary>
    public string? Refusal { get; private init; }

    /// <summary>Those that have acted on it.</summary>
    public int Answered => Instances - Missing.Count;

    /// <summary>Whether all of them have.</summary>
    public bool IsComplete => Refusal is null && Missing.Count == 0;

    /// <summary>What the store has not taken.</summary>
    public static FleetReach Untold(string refusal) => new(0, []) { Refusal = refusal };
}
