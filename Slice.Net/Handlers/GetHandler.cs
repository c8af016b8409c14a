using System.Runtime.CompilerServices;
using Slice.Core.Caching;
using Slice.Core.Fetching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Net.Exchange;
using Slice.Net.Origin;

namespace Slice.Net.Handlers;

/// <summary>
/// GET and HEAD: looks the object up, has it fetched when it is not known or may not be used as it is, decides about preconditions and
/// range, and delivers it in slices.
/// </summary>
/// <param name="index">What is stored.</param>
/// <param name="objects">Fetches what is not.</param>
/// <param name="stored">Answers from a generation.</param>
/// <param name="direct">Passes on what the origin has just said.</param>
/// <param name="passThrough">Passes the client's own request through.</param>
/// <param name="fallback">Does so where a request of ours is of no use.</param>
/// <param name="failures">Tells the client that there is no answer.</param>
internal sealed class GetHandler(
    ObjectIndex index, ObjectFetcher objects, StoredResponder stored, DirectResponder direct, PassThroughHandler passThrough,
    OwnRequestFallback fallback, FailureResponder failures)
    : IRequestHandler
{
    // An object that turns out to have changed, or to be gone, before the first byte is out is started over once (B23); one that changes
    // faster is an error.
    private const int MaxAttempts = 2;

    // One whose place another took before the first byte is out has not changed: other clients fetched it too, several at once when they
    // differ by Vary. Nor has one whose body ended with its last reader, before this client was one. Arbitrary.
    private const int MaxReplacements = 4;

    /// <inheritdoc/>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask HandleAsync(HttpExchange exchange)
    {
        var directives = exchange.Settings.Options.HonorRequestCacheControl ? RequestDirectives.Read(exchange.Head.Fields) : default;
        if (exchange.Settings.CacheRules.Bypasses(exchange.NormalizedTarget))
        {
            await BypassAsync(exchange, directives);
            return;
        }

        int replacements = 0;
        for (int attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var now = exchange.Now;
            bool isUsed = TryReuse(exchange, directives, now, out var generation, out var status);
            exchange.Story?.LookedUp(exchange, generation, isUsed, status);
            if (!isUsed)
            {
                (generation, status) = await FetchAsync(exchange, directives, generation, status);
                now = exchange.Now;
            }

            if (generation is null)
            {
                return;
            }

            if (generation.WasAskedAsOwn)
            {
                // What others may have is asked for with nothing else of the client's.
                exchange.AsksAs = AskingAs.Known;
            }

            try
            {
                bool isLastAttempt = attempt == MaxAttempts;
                if (await stored.RespondAsync(exchange, generation, status, now, directives.OnlyIfCached, isLastAttempt))
                {
                    return;
                }

                if (generation is { IsReplaced: true } or { IsWhole: true, WasLeft: true } && replacements++ < MaxReplacements)
                {
                    attempt--;
                }
            }
            finally
            {
                EndUse(generation, status);
            }
        }
    }

    private ValueTask BypassAsync(HttpExchange exchange, RequestDirectives directives) => directives.OnlyIfCached
        ? ErrorResponder.WriteNotCachedAsync(exchange)
        : passThrough.HandleAsync(exchange, new CacheStatus { Forward = ForwardReason.Bypass, Detail = CacheDetail.Bypass });

    private void EndUse(Generation generation, CacheStatus status)
    {
        if (!generation.IsShared)
        {
            generation.Retire();
        }
        else if ((status.IsFirstFetched || generation.IsAfterItsSecond) && generation.IsEmpty)
        {
            // Made for this request, and no slice of it was needed, for a 304 for instance: nothing would ever evict the record.
            index.Remove(generation);
        }
    }

    // False when the origin must be asked; the generation is then what is to be validated, or what the answer may complete, or null.
    private bool TryReuse(
        HttpExchange exchange, in RequestDirectives directives, Instant now, out Generation? generation, out CacheStatus status)
    {
        status = default;
        if (!index.TryGet(exchange.Key, exchange.Head.Fields, out generation))
        {
            status = new CacheStatus { Forward = index.Contains(exchange.Key) ? ForwardReason.VaryMiss : ForwardReason.UriMiss };
            return false;
        }

        // Thread A finds a generation; thread B publishes the one that takes its place and retires it. A looks again: what is new is there.
        if (!generation.IsUsable
            && !(generation.IsRetired && index.TryGet(exchange.Key, exchange.Head.Fields, out generation) && generation.IsUsable))
        {
            if (generation is not { IsWhole: true, IsRetired: false })
            {
                status = new CacheStatus { Forward = ForwardReason.Miss };
                generation = null;
                return false;
            }

            if (!StoredResponder.IsAllStored(exchange, generation, now))
            {
                status = new CacheStatus { Forward = ForwardReason.Miss, Detail = CacheDetail.Incomplete };
                return false;
            }
        }

        if (generation is { WasAskedAsOwn: true, IsComplete: false } && IsSigned(exchange))
        {
            // What is missing would be asked for with this client's credentials, and with another Range than was signed.
            status = new CacheStatus { Forward = ForwardReason.Miss };
            generation = null;
            return false;
        }

        if (StrangersAnswers.HideFrom(exchange, generation.Response) || IsPageForStrangers(exchange, generation))
        {
            status = new CacheStatus { Forward = ForwardReason.Miss, Detail = CacheDetail.ForStrangers };
            generation = null;
            return false;
        }

        if (generation is { IsWhole: false, IsComplete: false }
            && objects.Unsliced.ContainsObject(exchange.Key) && !StoredResponder.IsAllStored(exchange, generation, now))
        {
            // What is missing would be asked for by range once more.
            status = new CacheStatus { Forward = ForwardReason.Miss, Detail = CacheDetail.NotSlicedLately };
            generation = null;
            return false;
        }

        if (generation.IsInDoubtAt(now))
        {
            status = new CacheStatus { Detail = CacheDetail.WeakValidator };
            generation = index.AfterItsSecond(generation, exchange.Reader.ComparedBy);
            if (generation is null)
            {
                status = status with { Forward = ForwardReason.Miss };
                return false;
            }
        }

        // What the operator says counts for what is stale only. Patterns and rules tell what that is: a fresh hit does without them.
        var operators = generation.Response.Freshness.IsFreshAt(now) ? default : exchange.Reader.Stale;
        var (reuse, detail) = ReuseDecision.Decide(generation.Response, directives, now, operators);
        switch (reuse)
        {
            case Reuse.Fresh when !objects.TakesMarkWish(generation):
                return true;
            case Reuse.Stale:
                status = new CacheStatus { IsStale = true, Detail = detail };
                return true;
            case Reuse.Fresh or Reuse.StaleWhileRevalidate:
                // On behalf of all: what this client forbids to keep, others wait for.
                var refresh = NewFetchRequest(exchange, default, generation, IsSliced(exchange)) with { Sharing = RequestSharing.Allowed };
                objects.Refresh(refresh, exchange.Head.Fields);
                status = reuse == Reuse.Fresh ? status : new CacheStatus { IsStale = true, Detail = detail };
                return true;
            default:
                bool isByRequest = reuse == Reuse.AfterValidationByRequest;
                status = new CacheStatus { Forward = isByRequest ? ForwardReason.Request : ForwardReason.Stale, Detail = detail };
                break;
        }

        if (!generation.Response.MayCombine && !generation.IsComplete)
        {
            // B25: its slices must not meet those of a later fetch.
            status = status with { Detail = CacheDetail.WeakValidator };
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

        // What is incomplete is not validated: a 304 would not bring what is missing.
        var partial = status.Detail == CacheDetail.Incomplete ? stale : null;
        stale = partial is null ? stale : null;
        bool isSliced = IsSliced(exchange);
        var why = WhyNotOurs(exchange, stale, isSliced);
        if (exchange.IsHead
            && why is CacheDetail.None or CacheDetail.UnslicedRange or CacheDetail.NotSlicedLately or CacheDetail.UncacheableLately)
        {
            await fallback.HandleHeadAsync(exchange, status with { Detail = why }, stale);
            return default;
        }

        if (exchange.IsHead || why != CacheDetail.None)
        {
            await passThrough.HandleAsync(exchange, status with { Detail = why });
            return default;
        }

        long askedAt = exchange.GetTimestamp();
        var result = await FetchObjectAsync(exchange, directives, stale, partial, isSliced);
        exchange.AddOriginTime(askedAt);
        exchange.Origin = result.Origin;
        failures.NoteStatus(exchange, result.WasCollapsed ? 0 : result.OriginStatus);
        status = status with { IsCollapsed = result.WasCollapsed, ForwardStatus = result.OriginStatus };
        status = result.Detail == CacheDetail.None ? status : status with { Detail = result.Detail };
        FailureResponder.NoteMiss(exchange, result);
        bool isStored = result is ObjectFetchResult.Found { Generation.IsShared: true, StandsInFor.IsError: false };
        exchange.Story?.Fetched(exchange, result.GetType().Name, status with { IsStored = isStored });
        switch (result)
        {
            case ObjectFetchResult.Found found:
                bool isStale = found.StandsInFor.IsError;
                return (found.Generation, (found.IsOfTier ? new CacheStatus { Detail = CacheDetail.Shared } : status) with
                {
                    WasRevalidated = found.WasRevalidated,
                    IsStale = isStale,
                    IsStored = found.Generation.IsShared && !isStale,
                });
            case ObjectFetchResult.Answered answered:
                await direct.ForwardAsync(exchange, answered, status);
                break;
            case ObjectFetchResult.Unsatisfiable beyond when exchange.Head.Fields.Contains(KnownField.Range):
                await ErrorResponder.WriteUnsatisfiableAsync(exchange, beyond.CompleteLength);
                break;
            case ObjectFetchResult.Failed failed when OwnRequestFallback.CanHelp(failed.Failure):
                await fallback.RunAsync(exchange, status, failed.Failure);
                break;
            case ObjectFetchResult.Failed failed:
                await failures.RespondAsync(exchange, failed.Failure);
                break;
            default:
                // Length unknown, or an empty object (B15): the origin answers the client's own request best.
                await passThrough.HandleAsync(exchange, status);
                break;
        }

        return default;
    }

    // As a stranger first. Where the origin refuses a stranger, or answers somebody with other fields, the client's own request goes out,
    // and the next time at once (B50). What of the target a stranger does not ask with, a token in an argument that is no part of the key,
    // is the client's own on every path; a page for a client with fields of its own has not come here.
    private async ValueTask<ObjectFetchResult> FetchObjectAsync(
        HttpExchange exchange, RequestDirectives directives, Generation? stale, Generation? partial, bool isSliced)
    {
        bool hasOwn = (IsOnSlicedPath(exchange) && exchange.HasOwnFields) || exchange.HasOwnTarget;
        long look = hasOwn ? OwnRequests.LookOf(exchange.Key, exchange.Template.Fields) : 0;
        bool goesFirst = hasOwn && objects.Own.GoFirst(exchange.Key, look);
        if (!goesFirst)
        {
            exchange.AsksAs = AskingAs.Stranger;
            var request = NewFetchRequest(exchange, directives, stale, isSliced) with { Partial = partial };
            var result = await FetchObjectAsync(exchange, request);
            if (!hasOwn || !StrangersAnswers.AreOnly(exchange, result))
            {
                return result;
            }

            objects.KeepFilling(result);
        }

        // Without what is stored: a 304 with this client's fields would go into everybody's.
        exchange.AsksAs = exchange.OwnVoice;
        var own = await FetchObjectAsync(exchange, NewFetchRequest(exchange, directives, stale: null, isSliced));
        objects.Own.Note(exchange.Key, look, goesFirst, own.OriginStatus);
        return own.Detail == CacheDetail.RequestNoStore && !directives.NoStore ? own with { Detail = CacheDetail.OwnFields } : own;
    }

    // Outside the sliced paths a stored page is as strangers see it. Who says more about himself gets his own, even where the origin
    // forgets to say by Vary that there is one, unless the page is for everybody in so many words.
    private static bool IsPageForStrangers(HttpExchange exchange, Generation generation) =>
        generation.IsWhole && !generation.Response.IsForEverybody && exchange.HasOwnFields && !IsOnSlicedPath(exchange);

    private async ValueTask<ObjectFetchResult> FetchObjectAsync(HttpExchange exchange, ObjectFetchRequest request)
    {
        await using (var hints = EarlyHints.Listen(exchange))
        {
            request = request with { InterimResponses = hints };
            bool mayWait = request.Sharing == RequestSharing.Allowed;
            var result = await objects.FetchAsync(request, exchange.Head.Fields, mayWait, exchange.ConnectionClosed);
            int maxRanges = exchange.Settings.Options.Limits.MaxRanges;
            if (result is not ObjectFetchResult.Unsatisfiable beyond)
            {
                return result;
            }

            // B7: the first of several ranges lies past the end, and another does not. And a condition decides before the range does, or
            // whether it counts (RFC 9110 §13.2.2): then the object must be known.
            var range = ResponseDecision.FirstSatisfiable(exchange.Head, maxRanges, beyond.CompleteLength);
            if (range is null && !ClientConditions.DecideFirst(exchange.Head.Fields))
            {
                return result;
            }

            request = request with { FirstSliceIndex = exchange.Settings.Fetching.Grid.IndexOf(range?.Start ?? 0) };
            return await objects.FetchAsync(request, exchange.Head.Fields, mayWait, exchange.ConnectionClosed);
        }
    }

    // A path may be sliced, and the origin may be unable to.
    private bool IsSliced(HttpExchange exchange) => IsOnSlicedPath(exchange) && !objects.Unsliced.Contains(exchange.Key);

    private static bool IsOnSlicedPath(HttpExchange exchange) =>
        exchange.IsSliced ??= exchange.Settings.Patterns.Match(exchange.NormalizedTarget);

    // Whether a request of ours on behalf of this client would break the client's signature.
    private static bool IsSigned(HttpExchange exchange) =>
        RequestSignature.CoversWhatWeSet(exchange.Head, exchange.Settings.ChangesHost(exchange.Head.Host));

    // Why no request of ours goes out, but the client's own. Where nothing is sliced a part is not asked for on behalf of others. Nor is,
    // outside the sliced paths, the page of a client that says more about itself than a stranger would, by a cookie or a key: that page is
    // hardly anybody else's, and the application wants to know who asks. A file stays a file when the origin is bad at ranges (B59). And
    // where the last answer was for one client only, so will this one be: a client's conditions then do more good at the origin. A request
    // without any asks as ever, so that one odd answer does not keep a page out of the cache.
    private CacheDetail WhyNotOurs(HttpExchange exchange, Generation? stale, bool isSliced)
    {
        var fields = exchange.Head.Fields;
        if (exchange.Head.HasBody)
        {
            return CacheDetail.RequestBody;
        }

        // Such a login is one of the connection, and the pool's connections are everybody's (B63).
        if (exchange.HasPrivateWire || ConnectionLogins.IsIn(fields))
        {
            return CacheDetail.OwnFields;
        }

        if (IsSigned(exchange))
        {
            return CacheDetail.SignedRequest;
        }

        if (isSliced)
        {
            return CacheDetail.None;
        }

        var options = exchange.Settings.Options;
        bool isSlicedPath = IsOnSlicedPath(exchange);
        return !(options.EnableCache && (options.CacheUnsliced || isSlicedPath)) ? CacheDetail.UnslicedOff
            : exchange.HasOwnFields && !isSlicedPath ? CacheDetail.OwnFields
            : stale is null && fields.Contains(KnownField.Range) ? isSlicedPath ? CacheDetail.NotSlicedLately : CacheDetail.UnslicedRange
            : objects.IsUncacheableLately(exchange.Key) && ClientConditions.AreIn(fields) ? CacheDetail.UncacheableLately
            : CacheDetail.None;
    }

    private ObjectFetchRequest NewFetchRequest(
        HttpExchange exchange, in RequestDirectives directives, Generation? stale, bool isSliced)
    {
        var sharing = directives.NoStore ? RequestSharing.Forbidden
            : exchange.AsksAs == AskingAs.Itself ? RequestSharing.Forbidden
            : exchange.AsksAs == AskingAs.Known ? RequestSharing.Own
            : RequestSharing.Allowed;
        int? first = isSliced
            ? ResponseDecision.FirstSliceOf(exchange.Head, exchange.Settings.Options.Limits.MaxRanges, exchange.Settings.Fetching.Grid)
            : 0;
        return new ObjectFetchRequest(new CacheKey(exchange.Key), exchange.FetchContext, first, stale, sharing)
        {
            IsWhole = !isSliced || stale is { IsWhole: true },
            Asked = index.MarkOf(exchange.Key),
            Directives = directives,
        };
    }
}
