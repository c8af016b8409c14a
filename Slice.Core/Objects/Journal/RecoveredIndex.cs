namespace Slice.Core.Objects.Journal;

/// <summary>What was found in a cache directory at the start.</summary>
public sealed record RecoveredIndex
{
    /// <summary>Objects that are used again.</summary>
    public int Objects { get; init; }

    /// <summary>Slices that are used again.</summary>
    public int Slices { get; init; }

    /// <summary>Slices that the index names and that are not used, because their place is not there or names two of them.</summary>
    public int DroppedSlices { get; init; }

    /// <summary>
    /// Objects that the index names and that are not used: the memory for them is smaller than it was, or they were removed or have changed
    /// since this process began.
    /// </summary>
    public int EvictedObjects { get; init; }

    /// <summary>Objects that a purge was for, and that the process before had not come to when it ended.</summary>
    public int PurgedObjects { get; init; }

    /// <summary>Whether the process before had ended in order.</summary>
    public bool WasClosed { get; init; }

    /// <summary>Why nothing of what was there is used; null when it is, or when nothing was there.</summary>
    public string? Refusal { get; init; }
}
