namespace Slice.Core.SharedCache;

/// <summary>What a value in a shared store is; the numbers are in the values.</summary>
internal enum TierValueKind : byte
{
    /// <summary>The head of an object, in its variants.</summary>
    Object = 1,

    /// <summary>A slice.</summary>
    Slice = 2,

    /// <summary>News of changes and removals.</summary>
    News = 3,

    /// <summary>A purge of many objects.</summary>
    Purge = 4,

    /// <summary>An instance that is there.</summary>
    Instance = 5,

    /// <summary>Which version of an object was written first.</summary>
    Claim = 6,

    /// <summary>Nothing but that it is there.</summary>
    Witness = 7,
}
