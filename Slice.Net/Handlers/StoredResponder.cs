using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;
using Slice.Net.Delivery;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Answers a GET or HEAD from a generation, whether its slices are stored or still to be fetched: preconditions, ranges, the head, the
/// delivery and its failures. Thread-safe.
/// </summary>
internal sealed class StoredResponder(
    DeliveryPool deliveries,
    RangesAhead ahead,
    SliceStore store,
    SliceMeter meter,
    OwnRequestFallback fallback,
    FailureResponder failures,
    RequestLog log)
{
    /// <summary>
    /// Answers the exchange. False when the object changed, or went, before anything was sent, and the request is to be started over.
    /// </summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="generation">The object.</param>
    /// <param name="status">What the cache has done so far.</param>
    /// <param name="now">The time, for ages and conditions.</param>
    /// <param name="onlyIfCached">Whether the origin must not be asked for what is missing.</param>
    /// <param name="isLastAttempt">Whether the request was started over already.</param>
    public ValueTask<bool> RespondAsync(
        HttpExchange exchange, Generation generation, CacheStatus status, Instant now, bool onlyIfCached, bool isLastAttempt)
    {
        (generation.IsWhole ? meter.PassthroughRequests : meter.SlicedRequests).Add(1);
        var stored = generation.Response;
        status = status with { IsKept = generation.IsShared };
        int maxRanges = exchange.Settings.Options.Limits.MaxRanges;
        return ResponseDecision.Decide(exchange.Head, stored, now.Utc, maxRanges, out var range, out var multipart) switch
        {
            ResponseKind.NotModified => SendHeadAsync(exchange, 304, SlicedResponse.NotModified(exchange, stored, status, now)),
            ResponseKind.PreconditionFailed => Answered(ErrorResponder.WriteErrorAsync(exchange, 412, "a precondition does not hold")),
            ResponseKind.Unsatisfiable => Answered(ErrorResponder.WriteUnsatisfiableAsync(exchange, stored.CompleteLength)),
            ResponseKind.Multipart =>
                RespondMultipartAsync(exchange, generation, multipart!, status, now, onlyIfCached, isLastAttempt),
            _ => RespondContentAsync(exchange, generation, range, status, now, onlyIfCached, isLastAttempt),
        };
    }

    /// <summary>Whether what the client wants of an object is stored, all of it, or has no body.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="generation">The object.</param>
    /// <param name="now">The time, for conditions.</param>
    public static bool IsAllStored(HttpExchange exchange, Generation generation, Instant now)
    {
        int maxRanges = exchange.Settings.Options.Limits.MaxRanges;
        return ResponseDecision.Decide(exchange.Head, generation.Response, now.Utc, maxRanges, out var range, out var multipart) switch
        {
            ResponseKind.NotModified or ResponseKind.PreconditionFailed or ResponseKind.Unsatisfiable => true,
            ResponseKind.Multipart => AreStored(generation, multipart!.Parts),
            _ => exchange.IsHead || AreStored(generation, [range ?? new ByteRange(0, generation.CompleteLength)]),
        };
    }

    private static bool AreStored(Generation generation, ReadOnlySpan<ByteRange> parts)
    {
        foreach (var part in parts)
        {
            var plan = SlicePlanner.Plan(generation.Grid, part, generation.CompleteLength);
            if (generation.CountStored(plan.FirstSliceIndex, plan.Count) < plan.Count)
            {
                return false;
            }
        }

        return true;
    }

    private ValueTask<bool> RespondContentAsync(
        HttpExchange exchange, Generation generation, ByteRange? range, CacheStatus status, Instant now, bool onlyIfCached,
        bool isLastAttempt)
    {
        var stored = generation.Response;
        var plan = SlicePlanner.Plan(generation.Grid, range ?? new ByteRange(0, stored.CompleteLength), stored.CompleteLength);
        status = CountUse(generation, plan, status);
        exchange.Story?.Planned(exchange, generation, plan, status);
        if (onlyIfCached && !exchange.IsHead && status.Hits < status.Slices)
        {
            return Answered(ErrorResponder.WriteNotCachedAsync(exchange));
        }

        int statusCode = range is null ? stored.Status : 206;
        var head = SlicedResponse.Create(exchange, stored, range, status, now);
        return exchange.IsHead || plan.Count == 0
            ? SendHeadAsync(exchange, statusCode, head)
            : DeliverAsync(exchange, generation, plan, statusCode, head, status.IsFirstFetched, isLastAttempt);
    }

    private static async ValueTask<bool> SendHeadAsync(HttpExchange exchange, int status, RentedHead head)
    {
        using (head)
        {
            await exchange.SendHeadAsync(status, head.Bytes);
        }

        return true;
    }

    private static async ValueTask<bool> Answered(ValueTask answer)
    {
        await answer;
        return true;
    }

    private async ValueTask<bool> RespondMultipartAsync(
        HttpExchange exchange,
        Generation generation,
        MultipartByteranges multipart,
        CacheStatus status,
        Instant now,
        bool onlyIfCached,
        bool isLastAttempt)
    {
        int hits = 0;
        int slices = 0;
        foreach (var part in multipart.Parts)
        {
            var plan = SlicePlanner.Plan(generation.Grid, part, generation.CompleteLength);
            var use = CountUse(generation, plan, status);
            exchange.Story?.Planned(exchange, generation, plan, use);
            hits += use.Hits;
            slices += use.Slices;
            status = status with { IsStored = use.IsStored, Detail = use.Detail };
        }

        if (onlyIfCached && hits < slices)
        {
            await ErrorResponder.WriteNotCachedAsync(exchange);
            return true;
        }

        status = status with { Hits = hits, Slices = slices };
        using var response = SlicedResponse.CreateMultipart(exchange, generation.Response, multipart, status, now);
        bool isReader = generation.TryAddReader();
        bool hasLeft = StartsOver(generation, isReader, status.IsFirstFetched);
        if (!isLastAttempt && (hasLeft || (generation is { IsWhole: true, WasLeft: true } && !AreStored(generation, multipart.Parts))))
        {
            EndReading(generation, isReader);
            return false;
        }

        exchange.PlanResponse(206);
        DeliveryOutcome outcome;
        var delivery = deliveries.Rent();
        try
        {
            outcome = await delivery.RunMultipartAsync(exchange, generation, multipart, response.Bytes, status.IsFirstFetched);
        }
        finally
        {
            deliveries.Return(delivery);
            EndReading(generation, isReader);
        }

        return EndDelivered(exchange, outcome) || await EndFailedAsync(exchange, outcome, isLastAttempt);
    }

    // Owns the head.
    private async ValueTask<bool> DeliverAsync(
        HttpExchange exchange, Generation generation, SlicePlan plan, int status, RentedHead head, bool isFirstFetched, bool isLastAttempt)
    {
        // From here on what the head promises stays: what is stored of the version, whatever becomes of it in the cache.
        bool isReader = generation.TryAddReader();
        if (!isLastAttempt && StartsOver(generation, isReader, isFirstFetched))
        {
            EndReading(generation, isReader);
            head.Dispose();
            return false;
        }

        exchange.PlanResponse(status);
        DeliveryOutcome outcome;
        var delivery = deliveries.Rent();
        try
        {
            outcome = await delivery.RunAsync(
                exchange, generation, plan, head.Bytes, isFirstFetched: isFirstFetched, mayStartOver: !isLastAttempt);
        }
        finally
        {
            deliveries.Return(delivery);
            EndReading(generation, isReader);
            head.Dispose();
        }

        if (status == 206 && outcome.Status == DeliveryStatus.Delivered)
        {
            ahead.RangeSent(exchange, generation, plan);
        }

        return EndDelivered(exchange, outcome) || await EndFailedAsync(exchange, outcome, isLastAttempt);
    }

    // Nothing is sent yet. What was purged goes for all but those who have fetched it; who can read what was replaced is in time for it.
    private static bool StartsOver(Generation generation, bool isReader, bool isFirstFetched) =>
        !(isReader && generation.IsReplaced) && SliceDelivery.HasLeftTheCache(generation, isFirstFetched);

    private static void EndReading(Generation generation, bool isReader)
    {
        if (isReader)
        {
            generation.RemoveReader();
        }
    }

    private static bool EndDelivered(HttpExchange exchange, DeliveryOutcome outcome)
    {
        if (outcome.Status != DeliveryStatus.Delivered)
        {
            return false;
        }

        exchange.MarkDelivered();
        return true;
    }

    private async ValueTask<bool> EndFailedAsync(HttpExchange exchange, DeliveryOutcome outcome, bool isLastAttempt)
    {
        switch (outcome.Status)
        {
            case DeliveryStatus.Failed when !outcome.HasBegun:
                exchange.WithdrawResponse();
                if (outcome.Failure.Error is FetchError.ObjectChanged or FetchError.UnexpectedStatus && !isLastAttempt)
                {
                    return false;
                }

                if (OwnRequestFallback.CanHelp(outcome.Failure))
                {
                    // A refusal is this client's to hear, in the origin's own words.
                    await fallback.RunAsync(exchange, new CacheStatus { Forward = ForwardReason.Miss }, outcome.Failure);
                    return true;
                }

                exchange.SlicesFailed++;
                await failures.RespondAsync(exchange, outcome.Failure);
                return true;
            case DeliveryStatus.Failed:
                exchange.SlicesFailed++;
                FailureResponder.NoteEnding(exchange, outcome.Failure);
                log.OriginFailed(exchange, outcome.Failure);
                break;
            case DeliveryStatus.SliceUnreadable:
                exchange.NoteEnding(ExchangeEnding.StoreFailed);
                log.SliceUnreadable(exchange);
                break;
        }

        exchange.Abort();
        return true;
    }

    private CacheStatus CountUse(Generation generation, SlicePlan plan, CacheStatus status)
    {
        // The slice that came with the fetch of the object may be stored by now; for this request it was a miss all the same.
        int fetched = status.IsFirstFetched && plan.Count > 0 ? 1 : 0;
        int hits = generation.CountStored(plan.FirstSliceIndex + fetched, plan.Count - fetched);
        status = status with { Hits = hits, Slices = plan.Count };
        if (hits == plan.Count || !generation.IsShared)
        {
            return status with { IsStored = false };
        }

        var detail = WhyNotKept(generation, plan);
        return detail == CacheDetail.None
            ? status with { IsStored = true }
            : status with { IsStored = false, IsKept = false, Detail = detail };
    }

    // Why what is missing of a shared object is not going to stay, although nothing in its head is against that.
    private CacheDetail WhyNotKept(Generation generation, SlicePlan plan)
    {
        if (store.TakesNothing)
        {
            return CacheDetail.StoreTakesNothing;
        }

        // Such a body is read as far as its readers want, or a budget goes, and without a strong validator no later one can bring the rest.
        bool endsEarly = plan.FirstSliceIndex + plan.Count < generation.Grid.CountFor(generation.CompleteLength);
        bool isLost = endsEarly && !generation.Response.MayCombine;
        return generation.IsWhole && generation.Fill is not null && isLost ? CacheDetail.PartOfWhole : CacheDetail.None;
    }
}
