using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Ranges;
using Slice.Net.Connections;
using Slice.Net.Delivery;

namespace Slice.Net.Handlers;

/// <summary>
/// GET and HEAD: looks the object up, learns it when it is not known, decides about preconditions and range, and delivers it in
/// slices. What no pattern matches is passed through.
/// </summary>
internal sealed class GetHandler : IRequestHandler
{
    // An object that turns out to have changed, or to be gone, before the first byte is out is started over once (B23); one that changes
    // faster is an error.
    private const int MaxAttempts = 2;

    private readonly ObjectIndex _index;
    private readonly ObjectLearner _learner;
    private readonly PassThroughHandler _passThrough;
    private readonly SlicePatterns _patterns;
    private readonly SliceGrid _grid;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly RequestLog _log;

    /// <summary>A handler over its collaborators.</summary>
    public GetHandler(
        ObjectIndex index,
        ObjectLearner learner,
        PassThroughHandler passThrough,
        SlicePatterns patterns,
        SliceGrid grid,
        TimeProvider time,
        SliceMeter meter,
        RequestLog log)
    {
        _index = index;
        _learner = learner;
        _passThrough = passThrough;
        _patterns = patterns;
        _grid = grid;
        _time = time;
        _meter = meter;
        _log = log;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask HandleAsync(HttpExchange exchange)
    {
        for (int attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var lookUp = LookUp.Hit;
            if (!TryFindFresh(exchange, out var generation))
            {
                (generation, lookUp) = await LearnAsync(exchange, generation);
                if (generation is null)
                {
                    return;
                }
            }

            try
            {
                if (await RespondAsync(exchange, generation, lookUp, isLastAttempt: attempt == MaxAttempts))
                {
                    return;
                }
            }
            finally
            {
                if (!generation.IsShared)
                {
                    generation.Retire();
                }
                else if (lookUp == LookUp.Miss && generation.IsEmpty)
                {
                    // Learned, and no slice of it was needed, for a 304 for instance: nothing would ever evict the record.
                    _index.Remove(generation);
                }
            }
        }
    }

    private bool TryFindFresh(HttpExchange exchange, [NotNullWhen(true)] out Generation? generation) =>
        _index.TryGet(exchange.Key, out generation)
        && !generation.IsRetired
        && generation.Response.Freshness.IsFreshAt(_time.GetUtcNow());

    // The slow way: the origin is asked. Generation is null when the request has been answered here.
    private async ValueTask<(Generation? Generation, LookUp LookUp)> LearnAsync(HttpExchange exchange, Generation? stale)
    {
        if (exchange.IsHead || exchange.Head.HasBody || !_patterns.Match(exchange.NormalizedTarget))
        {
            await _passThrough.HandleAsync(exchange);
            return default;
        }

        var request = new LearnRequest(
            new CacheKey(exchange.Key),
            exchange.Template,
            FirstSliceOf(exchange.Head),
            stale is { IsRetired: false } ? stale : null,
            MayBeShared: !exchange.Head.Fields.Contains(KnownField.Authorization));
        var outcome = await _learner.LearnAsync(request, exchange.ConnectionClosed);
        switch (outcome.Kind)
        {
            case LearnOutcomeKind.Sliced:
                return (outcome.Generation, outcome.WasRevalidated ? LookUp.Revalidated : LookUp.Miss);
            case LearnOutcomeKind.Direct:
                using (outcome.Response)
                {
                    _meter.PassthroughRequests.Add(1);
                    await ResponseForwarder.ForwardAsync(exchange, outcome.Response!, _meter, _log);
                }

                break;
            case LearnOutcomeKind.Unsatisfiable when exchange.Head.Fields.Contains(KnownField.Range):
                await ErrorResponder.WriteUnsatisfiableAsync(exchange, outcome.CompleteLength);
                break;
            case LearnOutcomeKind.Failed:
                _log.OriginFailed(exchange, outcome.Failure);
                await ErrorResponder.WriteErrorAsync(exchange, outcome.Failure.Error.Status(), "the origin did not answer: " + outcome.Failure.Error.Token());
                break;
            default:
                // Length unknown, or an empty object (B15): the origin answers the client's own request best.
                await _passThrough.HandleAsync(exchange);
                break;
        }

        return default;
    }

    // The slice that holds the first byte the client wants; null when only the length can tell, or when it may lie past the end.
    private int? FirstSliceOf(RequestHead head)
    {
        if (!ResponseDecision.TryGetSingleRange(head, out var range, out _))
        {
            return 0;
        }

        return range.IsSuffix || range.First >= _grid.MaxCompleteLength ? null : _grid.IndexOf(range.First);
    }

    // False when the object changed, or went, before anything was sent, and the request is to be started over.
    private async ValueTask<bool> RespondAsync(HttpExchange exchange, Generation generation, LookUp lookUp, bool isLastAttempt)
    {
        _meter.SlicedRequests.Add(1);
        var now = _time.GetUtcNow();
        var stored = generation.Response;
        switch (ResponseDecision.Decide(exchange.Head, stored, now, out var range))
        {
            case ResponseKind.NotModified:
                using (var notModified = SlicedResponse.NotModified(exchange, stored, new SliceUse(0, 0, lookUp == LookUp.Revalidated), now))
                {
                    await SendHeadAsync(exchange, 304, notModified.Head);
                }

                return true;
            case ResponseKind.PreconditionFailed:
                await ErrorResponder.WriteErrorAsync(exchange, 412, "a precondition does not hold");
                return true;
            case ResponseKind.Unsatisfiable:
                await ErrorResponder.WriteUnsatisfiableAsync(exchange, stored.CompleteLength);
                return true;
        }

        var plan = SlicePlanner.Plan(generation.Grid, range ?? new ByteRange(0, stored.CompleteLength), stored.CompleteLength);
        var use = CountUse(generation, plan, lookUp);
        using var response = SlicedResponse.Create(exchange, stored, range, use, now);
        int status = range is null ? 200 : 206;
        if (exchange.IsHead)
        {
            await SendHeadAsync(exchange, status, response.Head);
            return true;
        }

        return await DeliverAsync(exchange, generation, plan, status, response.Head, lookUp, isLastAttempt);
    }

    private async ValueTask<bool> DeliverAsync(
        HttpExchange exchange, Generation generation, SlicePlan plan, int status, ReadOnlyMemory<byte> head, LookUp lookUp, bool isLastAttempt)
    {
        long startedAt = _time.GetTimestamp();
        exchange.BeginResponse(status);
        var outcome = await exchange.Delivery!.RunAsync(exchange, generation, plan, head, isFirstLearned: lookUp == LookUp.Miss);
        _meter.AssemblyDuration.Record(_time.GetElapsedTime(startedAt));
        switch (outcome.Status)
        {
            case DeliveryStatus.Delivered:
                return true;
            case DeliveryStatus.Failed when !outcome.HasBegun:
                exchange.ForgetResponse();
                if (outcome.Failure.Error is FetchError.ObjectChanged or FetchError.UnexpectedStatus && !isLastAttempt)
                {
                    return false;
                }

                _log.OriginFailed(exchange, outcome.Failure);
                await ErrorResponder.WriteErrorAsync(exchange, outcome.Failure.Error.Status(), "the origin did not deliver: " + outcome.Failure.Error.Token());
                return true;
            case DeliveryStatus.Failed:
                _log.OriginFailed(exchange, outcome.Failure);
                break;
            case DeliveryStatus.SliceUnreadable:
                _log.SliceUnreadable(exchange);
                break;
        }

        exchange.Abort();
        return true;
    }

    private static SliceUse CountUse(Generation generation, SlicePlan plan, LookUp lookUp)
    {
        // The slice that came with the lesson may be stored by now; for this request it was a miss all the same.
        int learned = lookUp == LookUp.Miss && plan.Count > 0 ? 1 : 0;
        int hits = generation.CountStored(plan.FirstSliceIndex + learned, plan.Count - learned);
        return new SliceUse(hits, plan.Count, lookUp == LookUp.Revalidated);
    }

    private static async ValueTask SendHeadAsync(HttpExchange exchange, int status, ReadOnlyMemory<byte> head)
    {
        exchange.BeginResponse(status);
        if (await exchange.Writer.WriteAsync(head) != WriteResult.Written)
        {
            exchange.Abort();
        }
    }

    private enum LookUp
    {
        Hit,
        Miss,
        Revalidated,
    }
}
