namespace Slice.Core.SharedCache;

/// <summary>What became of looking for an object in a shared store.</summary>
public enum TierObjectState
{
    /// <summary>The store does not say.</summary>
    Unknown,

    /// <summary>There is none.</summary>
    Absent,

    /// <summary>There is a value that is none of ours, or was changed; instances take it for none.</summary>
    Damaged,

    /// <summary>It was removed, changed or purged since it was asked for; instances take it for none.</summary>
    Outdated,

    /// <summary>Instances use it.</summary>
    Valid,
}
