using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;

namespace Slice.Core.Fetching;

/// <summary>
/// Gets objects that are not known or may not be used as they are, with the first slice that a client needs: no HEAD request goes first.
/// Clients that ask for the same unknown object at once share one fetch. Owns every fetch it starts. Thread-safe.
/// </summary>
/// <remarks>
/// The 206 tells length and version by its Content-Range and validators; its body becomes the first slice. A stale object is
/// validated by the same request (RFC 9111 §4.3): a 304 freshens all of its slices at once.
/// </remarks>
public sealed class ObjectFetcher
{
    // Fetches of others that a client follows before it goes alone: each may turn out to say nothing about this client's range. Arbitrary.
    private const int MaxFollowed = 3;

    // Fetches that let their followers go, each after one try, before the client goes alone. Arbitrary: so many clients that the origin
    // hangs up on must come at once to make the others ask for themselves.
    private const int MaxLetGo = 8;

    // nginx's proxy_cache_lock_timeout.
    private static readonly TimeSpan s_longestWaitForBody = TimeSpan.FromSeconds(5);

    private readonly ObjectFetchAttempts _attempts;
    private readonly ObjectIndex _index;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly UncacheableKeys _uncacheable;
    private readonly TierLookup _tier;
    private readonly ConcurrentDictionary<CacheKey, ObjectFetch> _inFlight = new(CacheKeyComparer.Instance);

    // Keys whose stored response is being refreshed in the background, until the new one is there: a body may take longer than its head.
    private readonly ConcurrentDictionary<CacheKey, byte> _refreshing = new(CacheKeyComparer.Instance);

    /// <summary>A fetcher over its collaborators.</summary>
    public ObjectFetcher(ObjectFetchAttempts attempts, TierLookup tier, ObjectIndex index, TimeProvider time, SliceMeter meter)
    {
        _attempts = attempts;
        _tier = tier;
        _index = index;
        _time = time;
        _meter = meter;
        _uncacheable = new UncacheableKeys(time);
        Own = new OwnRequests(time);
        Unsliced = new UnslicedPaths(time);
    }

    /// <summary>Of which objects, and in which directories, ranges of ours are of no use.</summary>
    public UnslicedPaths Unsliced { get; }

    /// <summary>Of which objects a stranger is refused, so that a client's own request goes out at once.</summary>
    public OwnRequests Own { get; }

    /// <summary>Whether the last answers for a key were for one client each, so that waiting for each other's is of no use.</summary>
    public bool IsUncacheableLately(ReadOnlySpan<byte> key) => _uncacheable.Contains(key);

    /// <summary>
    /// Fetches, alone or with others. The caller owns an exclusive result and discards it when done; such a result answers no request
    /// but the caller's.
    /// </summary>
    /// <param name="request">What to fetch.</param>
    /// <param name="fields">The client's fields, which tell the variants of an object apart; valid until the call returns.</param>
    /// <param name="mayWait">
    /// False to ask the origin without looking whether somebody else does: the answer is known to be for one only.
    /// </param>
    /// <param name="ct">The client's.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled; the fetch goes on for the others.</exception>
    public async ValueTask<ObjectFetchResult> FetchAsync(ObjectFetchRequest request, FieldTable fields, bool mayWait, CancellationToken ct)
    {
        bool wasUncacheable = _uncacheable.Contains(request.Key.Bytes);
        var result = await FetchWithOthersAsync(request, fields, mayWait && !wasUncacheable, ct);
        RememberWhetherCacheable(request, result, wasUncacheable);
        return result;
    }

    /// <summary>
    /// Asks the origin whether a stored response is still good while it goes on being used (RFC 5861 §3); does nothing when somebody
    /// asks already. Never waits.
    /// </summary>
    /// <param name="request">What to ask.</param>
    /// <param name="fields">The client's fields; looked at during the call only.</param>
    public void Refresh(ObjectFetchRequest request, FieldTable fields)
    {
        if (!_refreshing.TryAdd(request.Key, 0))
        {
            return;
        }

        var fetch = NewFollowed(request);
        if (TryFindNewer(request, fields, out _) || !_inFlight.TryAdd(request.Key, fetch))
        {
            fetch.StopFollowing();
            _refreshing.TryRemove(request.Key, out _);
            return;
        }

        fetch.GiveUpPlace = () => GiveUpPlace(request.Key, fetch);
        _ = RunAsync(fetch, request with { IsRefresh = true }, isInFlight: true);
        _ = FinishRefreshAsync(request.Key, fetch);
    }

    /// <summary>
    /// Whether an object that is fresh is to be validated by <see cref="Refresh"/>, so that the instances that share the tier get it from
    /// there (<see cref="GenerationHead.IsMarkWanted"/>). Once for each object, and not while the tier is away.
    /// </summary>
    public bool TakesMarkWish(Generation generation) => _tier.Tier is { IsUp: true } && generation.TakeMarkWish();

    /// <summary>
    /// Takes over an answer that no client reads any more, reads it to its end if a copy is kept, and ends it. Never waits.
    /// </summary>
    public void KeepFilling(ObjectFetchResult result) => _ = KeepFillingAsync(result);

    private async ValueTask<ObjectFetchResult> FetchWithOthersAsync(
        ObjectFetchRequest request, FieldTable fields, bool mayWait, CancellationToken ct)
    {
        for (int followed = 0, letGo = 0; mayWait && followed < MaxFollowed && letGo < MaxLetGo;)
        {
            // When several in a row have failed in the same way, it is hardly they. Where something stale may stand in for the origin, the
            // rest waits until that is certain, and spares the origin tries of its own.
            bool letsOthersGo = request.Stale is null || letGo < 2;
            var fetch = FollowOrStart(request, fields, letsOthersGo, out bool isOwn);
            if (isOwn)
            {
                return await TakeAsync(fetch, ct);
            }

            if (await FollowAsync(fetch, ct) is not { } result)
            {
                letGo++;
                continue;
            }

            followed++;
            if (IsAlsoFor(request, fields, result))
            {
                // Who asked first may have forbidden what this client allows.
                var own = result is ObjectFetchResult.Failed failed ? _attempts.StaleOnError(request, failed.Failure) : null;
                return (own ?? result) with { WasCollapsed = true };
            }

            if (result is ObjectFetchResult.Answered { Fill: { } fill } && await FilledAsync(fill, fields, ct) is { } filled)
            {
                return new ObjectFetchResult.Found(filled)
                {
                    WasCollapsed = true,
                    OriginStatus = result.OriginStatus,
                    Origin = result.Origin,
                };
            }

            // What cannot be shared is not worth queueing for. What one client was refused says nothing about the next (B51): of those who
            // waited, one asks and the others wait again.
            mayWait = !result.IsExclusive || FetchErrors.DependsOnWhoAsks(result.OriginStatus);
        }

        var alone = NewFollowed(request);
        _ = RunAsync(alone, request, isInFlight: false);
        return await TakeAsync(alone, ct);
    }

    private void RememberWhetherCacheable(ObjectFetchRequest request, ObjectFetchResult result, bool wasUncacheable)
    {
        if (result.IsUncacheable)
        {
            if (!request.IsWhyUncacheable(result))
            {
                _uncacheable.Add(request.Key.Bytes);
            }
        }
        else if (wasUncacheable && result is ObjectFetchResult.Found or ObjectFetchResult.Answered)
        {
            _uncacheable.Remove(request.Key.Bytes);
        }
    }

    // Only what a stranger's request was answered says something about the next one's (B51).
    private void RememberWhetherSliced(ObjectFetchRequest request, ObjectFetchResult result)
    {
        if (request.Sharing != RequestSharing.Allowed)
        {
            return;
        }

        if (result.WasRangeUseless)
        {
            Unsliced.Add(request.Key.Bytes);
        }
        else if (result is ObjectFetchResult.Found { OriginStatus: 206 })
        {
            Unsliced.Remove(request.Key.Bytes);
        }
    }

    // An answer of unknown length is kept only by somebody who reads it to its end, and here no client does. Never throws: what the origin
    // does wrong is a value, and the deadlines are the response's.
    private async Task FinishRefreshAsync(CacheKey key, ObjectFetch fetch)
    {
        try
        {
            await KeepFillingAsync(await TakeAsync(fetch, CancellationToken.None));
        }
        finally
        {
            _refreshing.TryRemove(key, out _);
        }
    }

    private async Task KeepFillingAsync(ObjectFetchResult result)
    {
        try
        {
            if (result is ObjectFetchResult.Answered { Response: var response, Fill: { } fill })
            {
                await fill.FillFromAsync(response, _meter);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
        finally
        {
            Discard(result);
        }
    }

    // For a result that no request uses. An object that was learned by one byte only has no slice, and without a request nobody fetches
    // one: nothing would ever evict the record.
    private void Discard(ObjectFetchResult result)
    {
        result.Discard();
        if (result is ObjectFetchResult.Found { Generation: { IsShared: true, IsEmpty: true } empty })
        {
            _index.Remove(empty);
        }
    }

    // An answer to one client's request, with its credentials and cookies, is that client's even if it has left; what a 416 says about
    // one range it does not say about another that begins before it; and another variant is no answer.
    private bool IsAlsoFor(ObjectFetchRequest request, FieldTable fields, ObjectFetchResult result) => result switch
    {
        ObjectFetchResult.Unsatisfiable beyond => beyond.CompleteLength <= (request.Range?.Start ?? 0),
        ObjectFetchResult.Found { StandsInFor.IsError: true } stale => _attempts.MayServeOnError(request, stale.Generation),
        ObjectFetchResult.Found found => !found.IsExclusive && found.Generation.Selecting?.Match(fields) != false,
        ObjectFetchResult.Failed failed => !failed.Failure.Error.DependsOnWhoAsks(),
        _ => !result.IsExclusive,
    };

    // A body without a length is a stored response only at its end. Waiting for it spares the origin a request; an origin that takes
    // long over it costs each client this wait once.
    private async ValueTask<Generation?> FilledAsync(StreamedBodyFill fill, FieldTable fields, CancellationToken ct)
    {
        try
        {
            var generation = await fill.Outcome.WaitAsync(s_longestWaitForBody, _time, ct);
            return generation is { IsRetired: false } && generation.Selecting?.Match(fields) != false ? generation : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static async ValueTask<ObjectFetchResult> TakeAsync(ObjectFetch fetch, CancellationToken ct)
    {
        try
        {
            var result = await fetch.Result.WaitAsync(ct);
            fetch.Take();
            return result;
        }
        finally
        {
            fetch.StopFollowing(isOwner: true);
        }
    }

    private static async ValueTask<ObjectFetchResult?> FollowAsync(ObjectFetch fetch, CancellationToken ct)
    {
        try
        {
            return await fetch.Shared.WaitAsync(ct);
        }
        finally
        {
            fetch.StopFollowing();
        }
    }

    private ObjectFetch NewFollowed(ObjectFetchRequest request)
    {
        var fetch = new ObjectFetch(request.Context.Settings, Discard) { Asked = request.Asked };
        fetch.TryFollow();
        return fetch;
    }

    private ObjectFetch FollowOrStart(ObjectFetchRequest request, FieldTable fields, bool letsOthersGo, out bool isOwn)
    {
        var created = NewFollowed(request);
        while (true)
        {
            var fetch = _inFlight.GetOrAdd(request.Key, created);

            // Asked for before a reload or a purge: who asks after it must not get that, and those who come next follow the new fetch.
            bool isOutdated = fetch.Settings != request.Context.Settings
                || _index.IsOutdated(request.Key.Bytes, fetch.Asked, request.Asked);
            isOwn = fetch == created || (isOutdated && _inFlight.TryUpdate(request.Key, created, fetch));
            if (isOwn)
            {
                created.GiveUpPlace = letsOthersGo ? () => GiveUpPlace(request.Key, created) : null;
                created.LookAgain = () => TryFindNewer(request, fields, out var newer) ? newer : null;
                Start(created, request, fields);
                return created;
            }

            if (isOutdated)
            {
                continue;
            }

            if (fetch.TryFollow())
            {
                return fetch;
            }

            // Its result is there, and it is about to leave the dictionary.
            GiveUpPlace(request.Key, fetch);
        }
    }

    private void Start(ObjectFetch fetch, ObjectFetchRequest request, FieldTable fields)
    {
        if (TryFindNewer(request, fields, out var known))
        {
            GiveUpPlace(request.Key, fetch);
            fetch.Complete(new ObjectFetchResult.Found(known));
            return;
        }

        _ = RunAsync(fetch, request, isInFlight: true);
    }

    private void GiveUpPlace(CacheKey key, ObjectFetch fetch) => _inFlight.TryRemove(KeyValuePair.Create(key, fetch));

    // Thread A found nothing in the index, or something stale; thread B's fetch published the object, or freshened it, and left; A enters.
    // A fetch is over only after that, so looking again here sees it and the origin is asked once. Not what the client has turned away
    // from, as the origin does not give the rest of it in parts.
    private bool TryFindNewer(ObjectFetchRequest request, FieldTable fields, [NotNullWhen(true)] out Generation? known) =>
        _index.TryGet(request.Key.Bytes, fields, out known)
        && known.Response != request.StaleResponse
        && !(known is { IsWhole: false, IsComplete: false } && Unsliced.ContainsObject(request.Key.Bytes))
        && known.IsUsable && !known.IsInDoubtAt(Instant.Now(_time))
        && ReuseDecision.Decide(known.Response, request.Directives, Instant.Now(_time)).Reuse == Reuse.Fresh;

    // Never throws; whatever happens is the fetch's result.
    private async Task RunAsync(ObjectFetch fetch, ObjectFetchRequest request, bool isInFlight)
    {
        ObjectFetchResult result;
        try
        {
            Generation? shared = null;
            if (isInFlight)
            {
                (request, shared) = await _tier.FindAsync(request, fetch);
            }

            result = shared is null ? await _attempts.FetchAsync(request, fetch) : new ObjectFetchResult.Found(shared) { IsOfTier = true };
        }
        catch (OperationCanceledException)
        {
            result = new ObjectFetchResult.Failed(new Failure(FetchError.ShuttingDown));
        }
        catch (Exception error)
        {
            // The edge: nobody awaits this task, and those who wait for the fetch would wait for ever.
            result = new ObjectFetchResult.Failed(new Failure(FetchError.ProxyInternalError, error.ToString()));
        }

        request.TierTurn?.Take()?.End(isFilled: false);
        FinishedSubrequests.Count(_meter, result);
        RememberWhetherSliced(request, result);
        if (isInFlight)
        {
            GiveUpPlace(request.Key, fetch);
        }

        fetch.Complete(result);
    }
}
