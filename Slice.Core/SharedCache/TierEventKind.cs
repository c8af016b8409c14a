namespace Slice.Core.SharedCache;

/// <summary>What the other instances hear of; the numbers are in the values.</summary>
internal enum TierEventKind : byte
{
    /// <summary>A version is not the object any more.</summary>
    Changed = 1,

    /// <summary>What is stored goes: an unsafe method has succeeded.</summary>
    Removed = 2,

    /// <summary>What is stored is validated before its next use: nobody knows which version is the newer one.</summary>
    Expired = 3,

    /// <summary>What is stored goes, by PURGE.</summary>
    Purged = 4,

    /// <summary>What is stored is validated before its next use: a soft purge.</summary>
    PurgedSoftly = 5,
}
