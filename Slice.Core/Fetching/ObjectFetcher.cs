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

    // nginx's proxy_cache_lock_timeout.
    private static readonly TimeSpan s_longestWaitForBody = TimeSpan.FromSeconds(5);

    private readonly ObjectFetchAttempts _attempts;
    private readonly ObjectIndex _index;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly UncacheableKeys _uncacheable;
    private readonly UncacheableKeys _needOwn;
    private readonly ConcurrentDictionary<CacheKey, ObjectFetch> _inFlight = new(CacheKeyComparer.Instance);

    // Keys whose stored response is being refreshed in the background, until the new one is there: a body may take longer than its head.
    private readonly ConcurrentDictionary<CacheKey, byte> _refreshing = new(CacheKeyComparer.Instance);

    /// <summary>A fetcher over its collaborators.</summary>
    public ObjectFetcher(ObjectFetchAttempts attempts, ObjectIndex index, TimeProvider time, SliceMeter meter)
    {
        _attempts = attempts;
        _index = index;
        _time = time;
        _meter = meter;
        _uncacheable = new UncacheableKeys(time);
        _needOwn = new UncacheableKeys(time);
    }

    /// <summary>Whether the last answers for a key were for one client each, so that waiting for each other's is of no use.</summary>
    public bool IsUncacheableLately(ReadOnlySpan<byte> key) => _uncacheable.Contains(key);

    /// <summary>Whether the origin has lately refused a stranger what it gives to a client's own request.</summary>
    public bool NeedsOwnLately(ReadOnlySpan<byte> key) => _needOwn.Contains(key);

    /// <summary>
    /// Remembers for a while that the origin refuses strangers, so that a client with credentials costs one request and not two.
    /// </summary>
    public void RememberNeedsOwn(ReadOnlySpan<byte> key) => _needOwn.Add(key);

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

        _ = RunAsync(fetch, request with { IsRefresh = true }, () => _inFlight.TryRemove(KeyValuePair.Create(request.Key, fetch)));
        _ = FinishRefreshAsync(request.Key, fetch);
    }

    /// <summary>
    /// Takes over an answer that no client reads any more, reads it to its end if a copy is kept, and ends it. Never waits.
    /// </summary>
    public void KeepFilling(ObjectFetchResult result) => _ = KeepFillingAsync(result);

    private async ValueTask<ObjectFetchResult> FetchWithOthersAsync(
        ObjectFetchRequest request, FieldTable fields, bool mayWait, CancellationToken ct)
    {
        for (int followed = 0; mayWait && followed < MaxFollowed; followed++)
        {
            var fetch = FollowOrStart(request, fields, out bool isOwn);
            var result = await FollowAsync(fetch, isOwn, ct);
            if (isOwn)
            {
                return result;
            }

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
        _ = RunAsync(alone, request, onEnd: null);
        return await FollowAsync(alone, isOwn: true, ct);
    }

    private void RememberWhetherCacheable(ObjectFetchRequest request, ObjectFetchResult result, bool wasUncacheable)
    {
        if (result.IsUncacheable)
        {
            if (request.Sharing == RequestSharing.Allowed)
            {
                _uncacheable.Add(request.Key.Bytes);
            }
        }
        else if (wasUncacheable && result is ObjectFetchResult.Found or ObjectFetchResult.Answered)
        {
            _uncacheable.Remove(request.Key.Bytes);
        }
    }

    // An answer of unknown length is kept only by somebody who reads it to its end, and here no client does. Never throws: what the origin
    // does wrong is a value, and the deadlines are the response's.
    private async Task FinishRefreshAsync(CacheKey key, ObjectFetch fetch)
    {
        try
        {
            await KeepFillingAsync(await FollowAsync(fetch, isOwn: true, CancellationToken.None));
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

    private static async ValueTask<ObjectFetchResult> FollowAsync(ObjectFetch fetch, bool isOwn, CancellationToken ct)
    {
        try
        {
            var result = await fetch.Result.WaitAsync(ct);
            if (isOwn)
            {
                fetch.Take();
            }

            return result;
        }
        finally
        {
            fetch.StopFollowing();
        }
    }

    private ObjectFetch NewFollowed(ObjectFetchRequest request)
    {
        var fetch = new ObjectFetch(request.Context.Settings, Discard);
        fetch.TryFollow();
        return fetch;
    }

    private ObjectFetch FollowOrStart(ObjectFetchRequest request, FieldTable fields, out bool isOwn)
    {
        var created = NewFollowed(request);
        while (true)
        {
            var fetch = _inFlight.GetOrAdd(request.Key, created);

            // A reload came between: who asks under the new settings must not get what the old ones bring, and those who come next follow
            // the new fetch.
            bool isOutdated = fetch.Settings != request.Context.Settings && _inFlight.TryUpdate(request.Key, created, fetch);
            isOwn = isOutdated || fetch == created;
            if (isOwn)
            {
                Start(created, request, fields);
                return created;
            }

            if (fetch.Settings != request.Context.Settings)
            {
                continue;
            }

            if (fetch.TryFollow())
            {
                return fetch;
            }

            // Its result is there, and it is about to leave the dictionary.
            _inFlight.TryRemove(KeyValuePair.Create(request.Key, fetch));
        }
    }

    private void Start(ObjectFetch fetch, ObjectFetchRequest request, FieldTable fields)
    {
        if (TryFindNewer(request, fields, out var known))
        {
            _inFlight.TryRemove(KeyValuePair.Create(request.Key, fetch));
            fetch.Complete(new ObjectFetchResult.Found(known));
            return;
        }

        _ = RunAsync(fetch, request, () => _inFlight.TryRemove(KeyValuePair.Create(request.Key, fetch)));
    }

    // Thread A found nothing in the index, or something stale; thread B's fetch published the object, or freshened it, and left; A enters.
    // A fetch is over only after that, so looking again here sees it and the origin is asked once.
    private bool TryFindNewer(ObjectFetchRequest request, FieldTable fields, [NotNullWhen(true)] out Generation? known) =>
        _index.TryGet(request.Key.Bytes, fields, out known)
        && known.Response != request.StaleResponse
        && known.IsUsable
        && ReuseDecision.Decide(known.Response, request.Directives, Instant.Now(_time)).Reuse == Reuse.Fresh;

    // Never throws; whatever happens is the fetch's result.
    private async Task RunAsync(ObjectFetch fetch, ObjectFetchRequest request, Action? onEnd)
    {
        ObjectFetchResult result;
        try
        {
            result = await _attempts.FetchAsync(request, fetch.Abandoned);
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

        if (result is ObjectFetchResult.Failed { Failure.Error: not FetchError.Abandoned })
        {
            _meter.FailedSubrequests.Add(1);
        }

        onEnd?.Invoke();
        fetch.Complete(result);
    }
}
