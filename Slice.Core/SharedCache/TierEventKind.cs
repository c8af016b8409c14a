namespace Slice.Core.SharedCache;

/// <summary>What the other instances hear of; the numbers are in the values.</summary>
internal enum TierEventKind : byte
{
    /// <summary>A version is not the object any more.</summary>
    Changed = 1,

    /// <summary>What is stored goes, by PURGE or an unsafe method.</summary>
    Removed = 2,

    /// <summary>What is stored is validated before its next use: a soft purge.</summary>
    Expired = 3,
}
