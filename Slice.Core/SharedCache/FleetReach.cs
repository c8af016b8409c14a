namespace Slice.Core.SharedCache;

/// <summary>How far something has come that this instance has told the others. Immutable.</summary>
/// <param name="Instances">Instances that were seen lately, this one among them.</param>
/// <param name="Answered">Those that have acted on it.</param>
public readonly record struct FleetReach(int Instances, int Answered)
{
    /// <summary>Whether all of them have.</summary>
    public bool IsComplete => Instances > 0 && Answered == Instances;
}
