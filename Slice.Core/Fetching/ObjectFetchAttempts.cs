using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// Asks the origin once for what the fetch of an object needs, and again while that may help. What an answer means is
/// <see cref="ObjectAnswerInterpreter"/>'s. Thread-safe.
/// </summary>
/// <param name="origin">The way to the origin.</param>
/// <param name="interpreter">Says what an answer means.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">The metrics.</param>
/// <param name="stopping">Cancelled at the end of the process; ends every attempt.</param>
public sealed class ObjectFetchAttempts(
    GatedOrigin origin, ObjectAnswerInterpreter interpreter, TimeProvider time, SliceMeter meter, CancellationToken stopping)
{
    /// <summary>Asks until there is a result, under the retry policy. Expected failures are results.</summary>
    /// <param name="request">What to ask.</param>
    /// <param name="fetch">
    /// Who waits for the result: when nobody does any more, the wait for the origin ends (B54). Those who wait beside the client that asks
    /// are let go as soon as a try has failed that may be that client's fault (B51).
    /// </param>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    internal async Task<ObjectFetchResult> FetchAsync(ObjectFetchRequest request, ObjectFetch fetch)
    {
        var abandoned = fetch.Abandoned;
        var asked = request.Range;
        var retries = new RetryLoop(request.Context.Settings.Retries, time, meter, abandoned);
        while (true)
        {
            var (result, failure) = await AttemptAsync(request, asked, retries, abandoned);
            if (result is ObjectFetchResult.Unsatisfiable beyond && asked is { } range && beyond.CompleteLength > range.Start)
            {
                // B14: there is something at this position, and the origin minds that the range goes past the end.
                bool isPastEnd = range.End > beyond.CompleteLength;
                asked = isPastEnd ? new ByteRange(range.Start, beyond.CompleteLength) : null;
                (result, failure) = isPastEnd
                    ? await AttemptAsync(request, asked, retries, abandoned)
                    : (RangeRefused(beyond), Failure.None);
            }

            if (result is ObjectFetchResult.Unsatisfiable still && still.CompleteLength > asked?.Start)
            {
                return RangeRefused(still);
            }

            if (result is ObjectFetchResult.NeedsWhole refused)
            {
                (result, failure) = await AttemptOtherwiseAsync(request, asked, refused, retries, abandoned);
            }

            if (result is not null)
            {
                return result;
            }

            if (failure.Error.DependsOnWhoAsks())
            {
                fetch.LetOthersGo();
            }

            var stale = StaleOnError(request, failure);
            if (stale is not null && !request.IsRefresh)
            {
                // Every address has been asked. Who can have the stale object does not wait for repeats.
                return stale;
            }

            // Where a client's own request follows a failure of ours (B59), that request is the last of the tries.
            bool isOwnNext = stale is null && !request.IsRefresh && failure.Error.MayBeOfOurRequest();
            if (!await retries.WaitAsync(failure, stopping, isLastReserved: isOwnNext))
            {
                return stale ?? new ObjectFetchResult.Failed(failure) { Origin = failure.Origin };
            }

            // Who was let go may have brought the object: another copy of it would take the place of theirs.
            if (fetch.FindNewer() is { } newer)
            {
                return new ObjectFetchResult.Found(newer);
            }
        }
    }

    /// <summary>
    /// What is stored and stale, where it may stand in for the failing origin; else null. An error is one of its statuses or no answer
    /// (RFC 5861 §4).
    /// </summary>
    internal ObjectFetchResult? StaleOnError(ObjectFetchRequest request, Failure failure, int status = 0) =>
        request.Stale is { } stale && failure.Error.Side() == FetchErrorSide.Origin && MayServeOnError(request, stale)
            ? new ObjectFetchResult.Found(stale)
            {
                StandsInFor = failure,
                OriginStatus = status,
                Origin = failure.Origin,
                Detail = CacheDetail.OriginFailed,
            }
            : null;

    /// <summary>Whether a stored object may stand in for a failing origin towards the client of this request.</summary>
    internal bool MayServeOnError(ObjectFetchRequest request, Generation stale) =>
        stale.IsUsable
        && ReuseDecision.MayServeOnError(stale.Response, request.Directives, Instant.Now(time), request.Context.Reader.Stale);

    // Whether an answer states the strong tag of what is stored, and another length: one of the two is wrong, and one odd answer is not
    // believed (B60).
    private static bool Contradicts(ObjectFetchRequest request, ByteRange? asked, OriginResponse response)
    {
        if (request.StaleResponse?.Validator is not { HasStrongEntityTag: true } known || response.FindSingle("ETag") != known.EntityTag)
        {
            return false;
        }

        long length = response.Status == 200 ? response.ContentLength
            : response.Status == 206 && asked is { } range && PartialResponseCheck.TryAccept(response, range, out var part, out _)
                ? part.CompleteLength
                : -1;
        return length >= 0 && length != known.CompleteLength;
    }

    private static ObjectFetchResult.PassThrough RangeRefused(ObjectFetchResult refused) =>
        new() { OriginStatus = refused.OriginStatus, Origin = refused.Origin, Detail = CacheDetail.RangeRefused };

    // B59: what the origin does not give under our conditions, or by range, may be had without. What is refused that way, too, is refused
    // for another reason than ours, and told as it is.
    private async Task<(ObjectFetchResult? Result, Failure Failure)> AttemptOtherwiseAsync(
        ObjectFetchRequest request, ByteRange? asked, ObjectFetchResult.NeedsWhole refused, RetryLoop retries, CancellationToken abandoned)
    {
        if (refused.IsRefusal && request.StaleResponse is not null)
        {
            var (again, error) = await AttemptAsync(request, asked, retries, abandoned, isConditional: false);
            if (again is not ObjectFetchResult.NeedsWhole)
            {
                return (again, error);
            }
        }

        var (result, failure) = await AttemptAsync(
            request with { IsWhole = true }, asked: null, retries, abandoned, isConditional: false);
        bool isBetter = refused.IsRefusal && result?.OriginStatus is >= 200 and < 300;
        return (isBetter ? result! with { WasRangeUseless = true } : result, failure);
    }

    private async Task<(ObjectFetchResult? Result, Failure Failure)> AttemptAsync(
        ObjectFetchRequest request, ByteRange? asked, RetryLoop retries, CancellationToken abandoned, bool isConditional = true)
    {
        var settings = request.Context.Settings;
        var subrequest = new OriginRequest(request.Context.Template, asked)
        {
            KnownVersion = isConditional ? request.StaleResponse?.Validator : null,
            FailedOrigin = retries.FailedOrigin,
            PreferredOrigin = request.Stale?.Origin,
            SparesResting = request.Stale is { } standIn && MayServeOnError(request, standIn),
            Abandoned = abandoned,
            InterimResponses = request.InterimResponses,
        };
        var (permitted, failure) = await origin.SendAsync(settings.Origin, subrequest, settings.QueueTimeout, stopping);
        if (permitted is null)
        {
            return (null, failure);
        }

        using (permitted)
        {
            var response = permitted.Response;
            var (status, address) = (response.Status, response.Origin);
            // A first request that meets an error is answered with that error, unless the origin says when to come again, and soon. 429 is
            // always told: the client learns when to come again, and nothing of ours is under way.
            if (PartialResponseCheck.MayPass(status) && status != 429)
            {
                failure = PartialResponseCheck.ServerError(response) with { Origin = address };
                if (retries.MayRepeatFirst(failure))
                {
                    return (null, failure);
                }

                if (StaleOnError(request, failure, status) is { } stale)
                {
                    return (stale, Failure.None);
                }
            }

            bool hasOurs = asked is not null || subrequest.KnownVersion is not null;
            if (hasOurs && FetchErrors.MayBeOfOurRequest(status))
            {
                return (new ObjectFetchResult.NeedsWhole(IsRefusal: true), Failure.None);
            }

            if (Contradicts(request, asked, response)
                && retries.TryAskAgain(new Failure(FetchError.ObjectChanged, "another length under the same tag") { Origin = address }))
            {
                permitted.Dispose();
                return await AttemptAsync(request, asked, retries, abandoned, isConditional);
            }

            var result = interpreter.Interpret(request, asked, permitted) with { OriginStatus = status, Origin = address };
            if (result is ObjectFetchResult.Found && permitted.IsTaken)
            {
                return (result with { GoesOnInSlices = true }, Failure.None);
            }

            meter.SubrequestDuration.Record(time.GetElapsedTime(permitted.SentAt));
            return (result, Failure.None);
        }
    }
}
