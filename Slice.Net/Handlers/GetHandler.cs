using System.Runtime.CompilerServices;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Options;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Net.Exchange;
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

    // One whose place another took before the first byte is out has not changed: other clients learned it too, several at once when they
    // differ by Vary. Arbitrary.
    private const int MaxReplacements = 4;

    private readonly ObjectIndex _index;
    private readonly ObjectFetcher _learner;
    private readonly StoredResponder _stored;
    private readonly DirectResponder _direct;
    private readonly UncacheableKeys _uncacheable;
    private readonly PassThroughHandler _passThrough;
    private readonly SlicePatterns _patterns;
    private readonly SliceGrid _grid;
    private readonly bool _cachesUnsliced;
    private readonly bool _honorsDirectives;
    private readonly int _maxRanges;
    private readonly TimeProvider _time;
    private readonly RequestLog _log;

    /// <summary>A handler over its collaborators.</summary>
    public GetHandler(
        ObjectIndex index,
        ObjectFetcher learner,
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
        _stored = new StoredResponder(options.Limits.MaxRanges, time, meter, log);
        _direct = new DirectResponder(learner, reader, options.Limits.MaxRanges, time, meter, log);
        _uncacheable = uncacheable;
        _passThrough = passThrough;
        _patterns = new SlicePatterns(options.SlicePatterns);
        _grid = new SliceGrid(options.SliceSizeBytes);
        _cachesUnsliced = options.EnableCache && options.CacheUnsliced;
        _honorsDirectives = options.HonorRequestCacheControl;
        _maxRanges = options.Limits.MaxRanges;
        _time = time;
        _log = log;
    }

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask HandleAsync(HttpExchange exchange)
    {
        var directives = _honorsDirectives ? RequestDirectives.Read(exchange.Head.Fields) : default;
        int replacements = 0;
        for (int attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var now = _time.GetUtcNow();
            if (!TryReuse(exchange, directives, now, out var generation, out var status))
            {
                (generation, status) = await FetchAsync(exchange, directives, generation, status);
                now = _time.GetUtcNow();
            }

            if (generation is null)
            {
                return;
            }

            try
            {
                if (await _stored.RespondAsync(exchange, generation, status, now, directives.OnlyIfCached, isLastAttempt: attempt == MaxAttempts))
                {
                    return;
                }

                if (generation.IsReplaced && replacements++ < MaxReplacements)
                {
                    attempt--;
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
    private bool TryReuse(
        HttpExchange exchange, in RequestDirectives directives, DateTimeOffset now, out Generation? generation, out CacheStatus status)
    {
        status = default;
        if (!_index.TryGet(exchange.Key, exchange.Head.Fields, out generation))
        {
            status = new CacheStatus { Forward = _index.Contains(exchange.Key) ? ForwardReason.VaryMiss : ForwardReason.UriMiss };
            return false;
        }

        // Thread A finds a generation; thread B publishes the one that takes its place and retires it. A looks again: what is new is there.
        if (!generation.IsUsable && !(generation.IsRetired && _index.TryGet(exchange.Key, exchange.Head.Fields, out generation) && generation.IsUsable))
        {
            generation = null;
            status = new CacheStatus { Forward = ForwardReason.Miss };
            return false;
        }

        switch (ReuseDecision.Decide(generation.Response, directives, now))
        {
            case Reuse.Fresh:
                return true;
            case Reuse.Stale:
                status = new CacheStatus { IsStale = true };
                return true;
            case Reuse.StaleWhileRevalidate:
                _learner.Refresh(NewFetchRequest(exchange, directives, generation, IsSliced(exchange)), exchange.Head.Fields);
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
    private async ValueTask<(Generation? Generation, CacheStatus Status)> FetchAsync(
        HttpExchange exchange, RequestDirectives directives, Generation? stale, CacheStatus status)
    {
        if (directives.OnlyIfCached)
        {
            await ErrorResponder.WriteNotCachedAsync(exchange);
            return default;
        }

        bool isSliced = IsSliced(exchange);
        bool isUncacheable = _uncacheable.Contains(exchange.Key);
        if (exchange.IsHead || exchange.Head.HasBody || (!isSliced && !MayLearnWhole(exchange, stale, isUncacheable)))
        {
            await _passThrough.HandleAsync(exchange, status, stale);
            return default;
        }

        var request = NewFetchRequest(exchange, directives, stale, isSliced);
        ObjectFetchResult outcome;
        await using (EarlyHints.Listen(exchange))
        {
            bool mayWait = !isUncacheable && (isSliced || request.Sharing == RequestSharing.Allowed);
            outcome = await _learner.FetchAsync(request, exchange.Head.Fields, mayWait, exchange.ConnectionClosed);
            if (outcome.Kind == ObjectFetchResultKind.Unsatisfiable
                && ResponseDecision.FirstSatisfiable(exchange.Head, _maxRanges, outcome.CompleteLength) is { } range)
            {
                // B7: the first of several ranges lies past the end, and another does not.
                request = request with { FirstSliceIndex = _grid.IndexOf(range.Start) };
                outcome = await _learner.FetchAsync(request, exchange.Head.Fields, mayWait, exchange.ConnectionClosed);
            }
        }

        RememberWhetherCacheable(exchange, request, outcome, isUncacheable);

        status = status with { IsCollapsed = outcome.WasCollapsed, ForwardStatus = outcome.OriginStatus };
        switch (outcome.Kind)
        {
            case ObjectFetchResultKind.Known:
                return (outcome.Generation, status with
                {
                    WasRevalidated = outcome.WasRevalidated,
                    IsStale = outcome.IsStaleOnError,
                    IsStored = outcome.Generation!.IsShared && !outcome.IsStaleOnError,
                });
            case ObjectFetchResultKind.Direct:
                await _direct.ForwardAsync(exchange, outcome, status);
                break;
            case ObjectFetchResultKind.Unsatisfiable when exchange.Head.Fields.Contains(KnownField.Range):
                await ErrorResponder.WriteUnsatisfiableAsync(exchange, outcome.CompleteLength);
                break;
            case ObjectFetchResultKind.Failed:
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
    // So does that of a client with a cookie, whose page is hardly anybody else's and whose application wants to know who asks. And where the last answer was for one client only, so will this one be: a client's conditions then do more good at the origin. A
    // request without any asks as ever, so that one odd answer does not keep a page out of the cache.
    private bool MayLearnWhole(HttpExchange exchange, Generation? stale, bool isUncacheable) =>
        _cachesUnsliced
        && (stale is not null || !exchange.Head.Fields.Contains(KnownField.Range))
        && !exchange.Head.Fields.Contains(KnownField.Cookie)
        && !(isUncacheable && DirectResponder.HasPreconditions(exchange.Head.Fields));

    private void RememberWhetherCacheable(HttpExchange exchange, ObjectFetchRequest request, ObjectFetchResult outcome, bool wasUncacheable)
    {
        if (outcome.IsUncacheable)
        {
            if (request.Sharing is RequestSharing.Allowed or RequestSharing.Personal)
            {
                _uncacheable.Add(exchange.Key);
            }
        }
        else if (wasUncacheable && outcome.Kind is ObjectFetchResultKind.Known or ObjectFetchResultKind.Direct)
        {
            _uncacheable.Remove(exchange.Key);
        }
    }

    private ObjectFetchRequest NewFetchRequest(HttpExchange exchange, in RequestDirectives directives, Generation? stale, bool isSliced)
    {
        var sharing = directives.NoStore ? RequestSharing.Forbidden
            : exchange.Head.Fields.Contains(KnownField.Authorization) ? RequestSharing.Authorized
            : exchange.Head.Fields.Contains(KnownField.Cookie) ? RequestSharing.Personal
            : RequestSharing.Allowed;
        return new ObjectFetchRequest(new CacheKey(exchange.Key), exchange.Template, isSliced ? FirstSliceOf(exchange.Head) : 0, stale, sharing)
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
}
