namespace Slice.Net.SharedCache;

/// <summary>What a server is asked to do: a server may do one and not the other.</summary>
internal enum NodeWork
{
    /// <summary>Counts, takes away, adds or reads what is short.</summary>
    Short,

    /// <summary>Gives a value.</summary>
    Give,

    /// <summary>
    /// Gives the beginning of a value. Who does not give values does not give that; that it comes says nothing of the rest.
    /// </summary>
    Begin,

    /// <summary>Takes a value.</summary>
    Take,
}
