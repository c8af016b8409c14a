using Slice.Core.SharedCache;

namespace Slice.Net.Handlers;

/// <summary>What a PURGE is answered.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Result">The word for it in <c>purge_requests_by_result</c>.</param>
/// <param name="Slices">Slices that are gone or stale now.</param>
/// <param name="Message">The same for people.</param>
internal readonly record struct PurgeAnswer(int Status, string Result, long Slices, string Message)
{
    /// <summary>What to do where nothing was stored, behind the message; empty for nothing.</summary>
    public string Hint { get; init; } = "";

    /// <summary>How far the purge has come among the instances that share a cache; null where none is shared.</summary>
    public FleetReach? Reach { get; init; }
}
