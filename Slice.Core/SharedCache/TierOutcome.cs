namespace Slice.Core.SharedCache;

/// <summary>What came of one operation on a shared store.</summary>
internal enum TierOutcome
{
    /// <summary>The store has carried it out.</summary>
    Done,

    /// <summary>The store is down, and was not asked.</summary>
    Skipped,

    /// <summary>Too many others are being carried out.</summary>
    Busy,

    /// <summary>The store has no room for the value now, and works otherwise.</summary>
    NoRoom,

    /// <summary>No answer within the deadline.</summary>
    TimedOut,

    /// <summary>The store, or the one of its servers that has it, cannot be reached.</summary>
    Away,

    /// <summary>The store refuses, or answers nonsense.</summary>
    Failed,
}
