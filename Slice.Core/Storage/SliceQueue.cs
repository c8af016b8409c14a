namespace Slice.Core.Storage;

/// <summary>Where a slice stands with eviction.</summary>
internal enum SliceQueue : byte
{
    /// <summary>Nowhere: being filled, or gone.</summary>
    None,

    /// <summary>In the small queue, on probation.</summary>
    Small,

    /// <summary>In the main queue.</summary>
    Main,

    /// <summary>In none, but still linked.</summary>
    Leaving,

    /// <summary>In the queue of the overflow, which no journal hears of.</summary>
    Overflow,
}
