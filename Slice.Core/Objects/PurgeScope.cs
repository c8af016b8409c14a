namespace Slice.Core.Objects;

/// <summary>What a purge is of; the numbers are on disk.</summary>
public enum PurgeScope : byte
{
    /// <summary>Every object.</summary>
    All = 1,

    /// <summary>The objects whose key begins as the purge says.</summary>
    Prefix = 2,

    /// <summary>The objects that have one of its tags.</summary>
    Tags = 3,
}
