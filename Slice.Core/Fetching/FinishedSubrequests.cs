using Slice.Core.Observability;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Counts how subrequests have ended: each once, when no repeat follows. What the process or the clients have given up is no end.
/// </summary>
internal static class FinishedSubrequests
{
    /// <summary>
    /// Counts the fetch of an object, unless slices go on with its answer. An error status of the origin is a failure, whoever is told of
    /// it, and also when something stale stands in.
    /// </summary>
    public static void Count(SliceMeter meter, ObjectFetchResult result)
    {
        switch (result)
        {
            case ObjectFetchResult.Failed { Failure.Error: FetchError.Abandoned or FetchError.ShuttingDown } or { GoesOnInSlices: true }:
                return;
            case ObjectFetchResult.Failed failed:
                CountFailed(meter, failed.Failure);
                return;
            case ObjectFetchResult.Found { StandsInFor.IsError: true }:
            case { OriginStatus: var status } when PartialResponseCheck.MayPass(status):
                meter.FailedSubrequests.Add(1);
                return;
            case { OriginStatus: not 0 }:
                meter.CompletedSubrequests.Add(1);
                return;
        }
    }

    /// <summary>
    /// Counts what has failed for good. The origin has no part in what the store does not take: an alert on its failures must not go off.
    /// </summary>
    public static void CountFailed(SliceMeter meter, Failure failure) =>
        (failure.Error == FetchError.StoreFull ? meter.CacheErrors : meter.FailedSubrequests).Add(1);
}
