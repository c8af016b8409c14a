using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>One variant of an object, as a shared tier has it. Immutable.</summary>
/// <param name="Grid">The grid that its slices are cut on.</param>
/// <param name="Selecting">What selects it; null when every request does.</param>
/// <param name="IsWhole">Whether it can only be had as a whole.</param>
/// <param name="Response">The stored response, as old as it is now.</param>
/// <param name="Body">All of its bytes; null when they are to be had slice by slice.</param>
/// <param name="LastPurge">
/// The number of the last purge of many objects that took away what had been there before; 0 for none. A part of its slices' names.
/// </param>
public sealed record TierObject(
    SliceGrid Grid, SelectingFields? Selecting, bool IsWhole, StoredResponse Response, byte[]? Body, long LastPurge = 0)
{
    /// <summary>
    /// Whether a generation is of this version, with slices that are named alike. A body that came with a head is all of one answer; what
    /// is stored of a version without a validator may be of another one.
    /// </summary>
    internal bool IsSameAs(Generation known) =>
        known.Grid == Grid
        && known.IsWhole == IsWhole
        && known.Response.Status == Response.Status
        && known.Response.MayCombine
        && Response.MayCombine
        && known.Response.Validator.IsSameVersion(Response.Validator);
}
