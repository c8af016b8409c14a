namespace Slice.Core.SharedCache;

/// <summary>Whether a shared store is asked.</summary>
public enum TierState
{
    /// <summary>Not yet: nothing is known of what other instances have removed.</summary>
    Starting,

    /// <summary>It is.</summary>
    Up,

    /// <summary>Not now: it did not answer in time, or failed several times in a row.</summary>
    Down,
}
