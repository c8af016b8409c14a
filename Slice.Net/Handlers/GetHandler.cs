using System.Runtime.CompilerServices;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Ranges;
using Slice.Net.Connections;
using Slice.Net.Delivery;
using Slice.Net.Origin;

namespace Slice.Net.Handlers;

/// <summary>
/// GET and HEAD: looks the object up, learns it when it is not known or may not be used as it is, decides about preconditions and range,
/// and delivers it in slices.
/// </summary>
internal sealed class GetHandler : IRequestHandler
{
    // An object that turns out to have changed, or to be gone, before the first byte is out is started over once (B23); one that changes
    // faster is an error.
    private const int MaxAttempts = 2;

    private readonly ObjectIndex _index;
    private readonly ObjectLearner _learner;
    private readonly StoredResponseReader _reader;
    private readonly UncacheableKeys _uncacheable;
    private readonly PassThroughHandler _passThrough;
    private readonly SlicePatterns _patterns;
    private readonly SliceGrid _grid;
    private readonly bool _cachesUnsliced;
    private readonly bool _honorsDirectives;
    private readonly int _maxRanges;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly RequestLog _log;

    /// <summary>A handler over its collaborators.</summary>
    public GetHandler(
        ObjectIndex index,
        ObjectLearner learner,
        StoredResponseReader reader,
        UncacheableKeys uncacheable,
        PassThroughHandler passThrough,
        SliceOptions options,
        TimeProvider time,
        SliceMeter meter,
        RequestLog log)
    {
        _index = index;
        _learner = learner;
        _reader = reader;
        _uncacheable = uncacheable;
        _passThrough = passThrough;
        _patterns = new SlicePatterns(options.SlicePatterns);
        _grid = new SliceGrid(options.SliceSizeBytes);
        _cachesUnsliced = options.EnableCache && options.CacheUnsliced;
        _honorsDirectives = options.HonorRequestCacheControl;
        _maxRanges = options.Limits.MaxRanges;
        _time = time;
        _meter = meter;
        _log = log;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask HandleAsync(HttpExchange exchange)
    {
        var directives = _honorsDirectives ? RequestDirectives.Read(exchange.Head.Fields) : default;
        for (int attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            if (!TryReuse(exchange, directives, out var generation, out var status))
            {
                (generation, status) = await LearnAsync(exchange, directives, generation, status);
            }

            if (generation is null)
            {
                return;
            }

            try
            {
                if (await RespondAsync(exchange, generation, status, directives.OnlyIfCached, isLastAttempt: attempt == MaxAttempts))
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
                else if (status.IsLearned && generation.IsEmpty)
                {
                    // Learned, and no slice of it was needed, for a 304 for instance: nothing would ever evict the record.
                    _index.Remove(generation);
                }
            }
        }
    }

    // False when the origin must be asked; the generation is then what is to be validated, or null.
    private bool TryReuse(HttpExchange exchange, in RequestDirectives directives, out Generation? generation, out CacheStatus status)
    {
        status = default;
        if (!_index.TryGet(exchange.Key, exchange.Head.Fields, out generation))
        {
            status = new CacheStatus { Forward = _index.Contains(exchange.Key) ? ForwardReason.VaryMiss : ForwardReason.UriMiss };
            return false;
        }

        if (!generation.IsUsable)
        {
            generation = null;
            status = new CacheStatus { Forward = ForwardReason.Miss };
            return false;
        }

        switch (ReuseDecision.Decide(generation.Response, directives, _time.GetUtcNow()))
        {
            case Reuse.Fresh:
                return true;
            case Reuse.Stale:
                status = new CacheStatus { IsStale = true };
                return true;
            case Reuse.StaleWhileRevalidate:
                _learner.Refresh(NewLearnRequest(exchange, directives, generation, IsSliced(exchange)));
                status = new CacheStatus { IsStale = true };
                return true;
            case Reuse.AfterValidationByRequest:
                status = new CacheStatus { Forward = ForwardReason.Request };
                break;
            default:
                status = new CacheStatus { Forward = ForwardReason.Stale };
                break;
        }

        if (!generation.Response.MayCombine && !generation.IsComplete)
        {
            // B25: its slices must not meet those of a later fetch.
            generation = null;
        }

        return false;
    }

    // The slow way: the origin is asked. Generation is null when the request has been answered here.
    private async ValueTask<(Generation? Generation, CacheStatus Status)> LearnAsync(
        HttpExchange exchange, RequestDirectives directives, Generation? stale, CacheStatus status)
    {
        if (directives.OnlyIfCached)
        {
            await WriteNotCachedAsync(exchange);
            return default;
        }

        bool isSliced = IsSliced(exchange);
        bool isUncacheable = _uncacheable.Contains(exchange.Key);
        if (exchange.IsHead || exchange.Head.HasBody || (!isSliced && !MayLearnWhole(exchange, stale, isUncacheable)))
        {
            await _passThrough.HandleAsync(exchange, status, stale);
            return default;
        }

        var request = NewLearnRequest(exchange, directives, stale, isSliced);
        LearnOutcome outcome;
        await using (EarlyHints.Listen(exchange))
        {
            bool mayWait = !isUncacheable && (isSliced || request.Sharing == RequestSharing.Allowed);
            outcome = await _learner.LearnAsync(request, exchange.Head.Fields, mayWait, exchange.ConnectionClosed);
        }

        RememberWhetherCacheable(exchange, request, outcome, isUncacheable);

        status = status with { IsCollapsed = outcome.WasCollapsed, ForwardStatus = outcome.OriginStatus };
        switch (outcome.Kind)
        {
            case LearnOutcomeKind.Known:
                return (outcome.Generation, status with
                {
                    WasRevalidated = outcome.WasRevalidated,
                    IsStale = outcome.IsStaleOnError,
                    IsStored = outcome.Generation!.IsShared && !outcome.IsStaleOnError,
                });
            case LearnOutcomeKind.Direct:
                await ForwardAsync(exchange, outcome, status);
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
                await _passThrough.HandleAsync(exchange, status);
                break;
        }

        return default;
    }

    private bool IsSliced(HttpExchange exchange) => exchange.IsSliced ??= _patterns.Match(exchange.NormalizedTarget);

    // Outside the sliced paths a part is not asked for on behalf of others: the client's own request for one goes through as it is.
    // And where the last answer was for one client only, so will this one be: a client's conditions then do more good at the origin. A
    // request without any asks as ever, so that one odd answer does not keep a page out of the cache.
    private bool MayLearnWhole(HttpExchange exchange, Generation? stale, bool isUncacheable) =>
        _cachesUnsliced
        && (stale is not null || !exchange.Head.Fields.Contains(KnownField.Range))
        && !(isUncacheable && HasPreconditions(exchange.Head.Fields));

    private void RememberWhetherCacheable(HttpExchange exchange, LearnRequest request, LearnOutcome outcome, bool wasUncacheable)
    {
        if (outcome.IsUncacheable)
        {
            if (request.Sharing == RequestSharing.Allowed)
            {
                _uncacheable.Add(exchange.Key);
            }
        }
        else if (wasUncacheable && outcome.Kind is LearnOutcomeKind.Known or LearnOutcomeKind.Direct)
        {
            _uncacheable.Remove(exchange.Key);
        }
    }

    private LearnRequest NewLearnRequest(HttpExchange exchange, in RequestDirectives directives, Generation? stale, bool isSliced)
    {
        var sharing = directives.NoStore ? RequestSharing.Forbidden
            : exchange.Head.Fields.Contains(KnownField.Authorization) ? RequestSharing.Authorized
            : RequestSharing.Allowed;
        return new LearnRequest(new CacheKey(exchange.Key), exchange.Template, isSliced ? FirstSliceOf(exchange.Head) : 0, stale, sharing)
        {
            IsWhole = !isSliced || stale is { IsWhole: true },
            Directives = directives,
        };
    }

    // The slice that holds the first byte the client wants; null when only the length can tell, or when it may lie past the end.
    private int? FirstSliceOf(RequestHead head)
    {
        if (!ResponseDecision.TryGetFirstRange(head, _maxRanges, out var range))
        {
            return 0;
        }

        return range.IsSuffix || range.First >= _grid.MaxCompleteLength ? null : _grid.IndexOf(range.First);
    }

    // An answer that is not served in slices. The client's preconditions did not go with the request: they are looked at here.
    private async ValueTask ForwardAsync(HttpExchange exchange, LearnOutcome outcome, CacheStatus status)
    {
        var response = outcome.Response!;
        using var recorder = outcome.Recorder;
        using (response)
        {
            _meter.PassthroughRequests.Add(1);
            status = status with { ForwardStatus = 0, IsStored = recorder is not null };
            var now = _time.GetUtcNow();
            if (response.Status == 200 && HasPreconditions(exchange.Head.Fields))
            {
                var stored = _reader.Read(response, Math.Max(0, response.ContentLength));
                switch (ResponseDecision.Decide(exchange.Head, stored, now, _maxRanges, out _, out _))
                {
                    case ResponseKind.NotModified:
                        using (var notModified = SlicedResponse.NotModified(exchange, stored, status with { ForwardStatus = 200 }, now))
                        {
                            await SendHeadAsync(exchange, 304, notModified.Head);
                        }

                        await RecordAsync(response, recorder);
                        return;
                    case ResponseKind.PreconditionFailed:
                        await ErrorResponder.WriteErrorAsync(exchange, 412, "a precondition does not hold");
                        await RecordAsync(response, recorder);
                        return;
                }
            }

            await ResponseForwarder.ForwardAsync(exchange, response, status, recorder, _meter, _log);
        }
    }

    private ValueTask RecordAsync(OriginResponse response, BodyRecorder? recorder) => recorder?.RecordAllAsync(response, _meter) ?? default;

    private static bool HasPreconditions(FieldTable fields) =>
        fields.Contains(KnownField.IfMatch) || fields.Contains(KnownField.IfNoneMatch)
        || fields.Contains(KnownField.IfModifiedSince) || fields.Contains(KnownField.IfUnmodifiedSince);

    // False when the object changed, or went, before anything was sent, and the request is to be started over.
    private async ValueTask<bool> RespondAsync(HttpExchange exchange, Generation generation, CacheStatus status, bool onlyIfCached, bool isLastAttempt)
    {
        (generation.IsWhole ? _meter.PassthroughRequests : _meter.SlicedRequests).Add(1);
        var now = _time.GetUtcNow();
        var stored = generation.Response;
        switch (ResponseDecision.Decide(exchange.Head, stored, now, _maxRanges, out var range, out var multipart))
        {
            case ResponseKind.NotModified:
                using (var notModified = SlicedResponse.NotModified(exchange, stored, status, now))
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
            case ResponseKind.Multipart:
                return await RespondMultipartAsync(exchange, generation, multipart!, status, onlyIfCached, isLastAttempt);
        }

        var plan = SlicePlanner.Plan(generation.Grid, range ?? new ByteRange(0, stored.CompleteLength), stored.CompleteLength);
        status = CountUse(generation, plan, status);
        if (onlyIfCached && !exchange.IsHead && status.Hits < status.Slices)
        {
            await WriteNotCachedAsync(exchange);
            return true;
        }

        using var response = SlicedResponse.Create(exchange, stored, range, status, now);
        if (exchange.IsHead || plan.Count == 0)
        {
            await SendHeadAsync(exchange, range is null ? stored.Status : 206, response.Head);
            return true;
        }

        return await DeliverAsync(exchange, generation, plan, range is null ? stored.Status : 206, response.Head, status.IsLearned, isLastAttempt);
    }

    private async ValueTask<bool> RespondMultipartAsync(
        HttpExchange exchange, Generation generation, MultipartByteranges multipart, CacheStatus status, bool onlyIfCached, bool isLastAttempt)
    {
        int hits = 0;
        int slices = 0;
        foreach (var part in multipart.Parts)
        {
            var use = CountUse(generation, SlicePlanner.Plan(generation.Grid, part, generation.CompleteLength), status);
            hits += use.Hits;
            slices += use.Slices;
        }

        if (onlyIfCached && hits < slices)
        {
            await WriteNotCachedAsync(exchange);
            return true;
        }

        status = status with { Hits = hits, Slices = slices, IsStored = generation.IsShared && hits < slices };
        using var response = SlicedResponse.CreateMultipart(exchange, generation.Response, multipart, status, _time.GetUtcNow());
        long startedAt = _time.GetTimestamp();
        exchange.BeginResponse(206);
        var outcome = await exchange.Delivery!.RunMultipartAsync(exchange, generation, multipart, response.Head, status.IsLearned);
        return await EndDeliveryAsync(exchange, outcome, startedAt, isLastAttempt);
    }

    private async ValueTask<bool> DeliverAsync(
        HttpExchange exchange, Generation generation, SlicePlan plan, int status, ReadOnlyMemory<byte> head, bool isLearned, bool isLastAttempt)
    {
        long startedAt = _time.GetTimestamp();
        exchange.BeginResponse(status);
        var outcome = await exchange.Delivery!.RunAsync(exchange, generation, plan, head, isFirstLearned: isLearned);
        return await EndDeliveryAsync(exchange, outcome, startedAt, isLastAttempt);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> EndDeliveryAsync(HttpExchange exchange, DeliveryOutcome outcome, long startedAt, bool isLastAttempt)
    {
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

    private static CacheStatus CountUse(Generation generation, SlicePlan plan, CacheStatus status)
    {
        // The slice that came with the lesson may be stored by now; for this request it was a miss all the same.
        int learned = status.IsLearned && plan.Count > 0 ? 1 : 0;
        int hits = generation.CountStored(plan.FirstSliceIndex + learned, plan.Count - learned);
        return status with { Hits = hits, Slices = plan.Count, IsStored = generation.IsShared && hits < plan.Count };
    }

    // RFC 9111 §5.2.1.7.
    private static ValueTask WriteNotCachedAsync(HttpExchange exchange) =>
        ErrorResponder.WriteErrorAsync(exchange, 504, "only-if-cached: not all of it is stored");

    private static async ValueTask SendHeadAsync(HttpExchange exchange, int status, ReadOnlyMemory<byte> head)
    {
        exchange.BeginResponse(status);
        if (await exchange.Writer.WriteAsync(head) != WriteResult.Written)
        {
            exchange.Abort();
        }
    }
}
