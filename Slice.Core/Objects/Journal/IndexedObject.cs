using Slice.Core.Caching;
using Slice.Core.Ranges;

namespace Slice.Core.Objects.Journal;

/// <summary>An object, as the index has it.</summary>
/// <param name="Id">Its number; objects published later have larger ones.</param>
/// <param name="Key">Its key.</param>
/// <param name="Grid">The grid it is cut on.</param>
/// <param name="IsWhole">Whether it can only be had as a whole.</param>
/// <param name="Selecting">What selects it.</param>
/// <param name="Response">Its stored response.</param>
internal sealed record IndexedObject(
    uint Id, CacheKey Key, SliceGrid Grid, bool IsWhole, SelectingFields? Selecting, StoredResponse Response)
{
    /// <summary>What a shared tier had seen of it.</summary>
    public TierStamp Stamp { get; init; }
}
