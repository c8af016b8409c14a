namespace Slice.Net.SharedCache;

/// <summary>What a server is asked to do: a server may do one and not the other.</summary>
internal enum NodeWork
{
    /// <summary>Counts, takes away, adds or reads what is short.</summary>
    Short,

    /// <summary>Gives a value.</summary>
    Give,

    /// <summary>Takes a value.</summary>
    Take,
}
