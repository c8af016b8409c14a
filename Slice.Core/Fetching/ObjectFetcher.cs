using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;
using Slice.Core.Storage;

namespace Slice.Core.Fetching;

/// <summary>
/// Learns what an object is from the first slice that a client needs of it: no HEAD request goes first. Clients that ask for the
/// same unknown object at once share one lesson. Owns every lesson it starts. Thread-safe.
/// </summary>
/// <remarks>
/// The 206 tells length and version by its Content-Range and validators; its body becomes the first slice. A stale object is
/// validated by the same request (RFC 9111 §4.3): a 304 freshens all of its slices at once.
/// </remarks>
public sealed class ObjectFetcher
{
    // Lessons of others that a client joins before it goes alone: each may turn out to say nothing about this client's range. Arbitrary.
    private const int MaxJoins = 3;

    // nginx's proxy_cache_lock_timeout.
    private static readonly TimeSpan s_longestWaitForRecording = TimeSpan.FromSeconds(5);

    private readonly ObjectFetchAttempts _lesson;
    private readonly ObjectIndex _index;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly ConcurrentDictionary<CacheKey, ObjectFetch> _inFlight = new(CacheKeyComparer.Instance);

    // Keys whose stored response is being refreshed in the background, until the new one is there: a body may take longer than its lesson.
    private readonly ConcurrentDictionary<CacheKey, byte> _refreshing = new(CacheKeyComparer.Instance);

    /// <summary>A learner over its collaborators; <paramref name="stopping"/> ends every lesson.</summary>
    public ObjectFetcher(
        IOriginClient origin,
        OriginGate gate,
        SliceFetcher fetcher,
        SliceStore store,
        ObjectIndex index,
        StoredResponseReader reader,
        RetryPolicy retries,
        SliceGrid grid,
        TimeProvider time,
        SliceMeter meter,
        CancellationToken stopping)
    {
        _lesson = new ObjectFetchAttempts(origin, gate, new ObjectAnswerInterpreter(fetcher, store, index, reader, grid, time), retries, time, meter, stopping);
        _index = index;
        _time = time;
        _meter = meter;
    }

    /// <summary>
    /// Learns, alone or with others. The caller owns an exclusive outcome and discards it when done; such an outcome answers no request
    /// but the caller's.
    /// </summary>
    /// <param name="request">What to learn.</param>
    /// <param name="fields">The client's fields, which tell the variants of an object apart; valid until the call returns.</param>
    /// <param name="mayWait">False to ask the origin without looking whether somebody else does: the answer is known to be for one only.</param>
    /// <param name="ct">The client's.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled; the lesson goes on for the others.</exception>
    public async ValueTask<ObjectFetchResult> FetchAsync(ObjectFetchRequest request, FieldTable fields, bool mayWait, CancellationToken ct)
    {
        for (int joins = 0; mayWait && joins < MaxJoins; joins++)
        {
            var flight = JoinOrStart(request, fields, out bool isOwn);
            var outcome = await FollowAsync(flight, isOwn, ct);
            if (isOwn)
            {
                return outcome;
            }

            if (IsAlsoFor(request, fields, outcome))
            {
                // Who asked first may have forbidden what this client allows.
                var own = outcome.Kind == ObjectFetchResultKind.Failed ? _lesson.StaleOnError(request, outcome.Failure) : null;
                return (own ?? outcome) with { WasCollapsed = true };
            }

            if (outcome.Recorder is { } recorder && await RecordedAsync(recorder, fields, ct) is { } recorded)
            {
                return new ObjectFetchResult(ObjectFetchResultKind.Known) { Generation = recorded, WasCollapsed = true, OriginStatus = outcome.OriginStatus };
            }

            // What cannot be shared is not worth queueing for.
            mayWait = !outcome.IsExclusive;
        }

        var alone = new ObjectFetch();
        alone.TryJoin();
        _ = RunAsync(alone, request, onEnd: null);
        return await FollowAsync(alone, isOwn: true, ct);
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

        var flight = new ObjectFetch();
        flight.TryJoin();
        if (TryFindNewer(request, fields, out _) || !_inFlight.TryAdd(request.Key, flight))
        {
            flight.Leave();
            _refreshing.TryRemove(request.Key, out _);
            return;
        }

        _ = RunAsync(flight, request with { IsRefresh = true }, () => _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight)));
        _ = KeepRefreshedAsync(request.Key, flight);
    }

    /// <summary>Takes over an answer that no client reads any more, reads it to its end if it is being recorded, and disposes it. Never waits.</summary>
    public void KeepRecording(ObjectFetchResult outcome) => _ = KeepRecordingAsync(outcome);

    // An answer of unknown length is kept only by somebody who reads it to its end, and here no client does. Never throws: what the origin
    // does wrong is a value, and the deadlines are the response's.
    private async Task KeepRefreshedAsync(CacheKey key, ObjectFetch flight)
    {
        try
        {
            await KeepRecordingAsync(await FollowAsync(flight, isOwn: true, CancellationToken.None));
        }
        finally
        {
            _refreshing.TryRemove(key, out _);
        }
    }

    private async Task KeepRecordingAsync(ObjectFetchResult outcome)
    {
        try
        {
            if (outcome is { Response: { } response, Recorder: { } recorder })
            {
                await recorder.RecordAllAsync(response, _meter);
            }
        }
        catch (OperationCanceledException)
        {
            // The process is stopping.
        }
        finally
        {
            if (outcome.IsExclusive)
            {
                outcome.Discard();
            }
        }
    }

    // An answer to one client's request, with its credentials and cookies, is that client's even if it has left; what a 416 says about
    // one range it does not say about another that begins before it; and another variant is no answer.
    private bool IsAlsoFor(ObjectFetchRequest request, FieldTable fields, ObjectFetchResult outcome) => outcome.Kind switch
    {
        ObjectFetchResultKind.Unsatisfiable => outcome.CompleteLength <= _lesson.StartOf(request),
        ObjectFetchResultKind.Known when outcome.IsStaleOnError => _lesson.MayServeOnError(request, outcome.Generation!),
        ObjectFetchResultKind.Known => !outcome.IsExclusive && outcome.Generation!.Selecting?.Match(fields) != false,
        _ => !outcome.IsExclusive,
    };

    // A body without a length is a stored response only at its end. Waiting for it spares the origin a request; an origin that takes
    // long over it costs each client this wait once.
    private async ValueTask<Generation?> RecordedAsync(StreamedBodyFill recorder, FieldTable fields, CancellationToken ct)
    {
        try
        {
            var generation = await recorder.Outcome.WaitAsync(s_longestWaitForRecording, _time, ct);
            return generation is { IsRetired: false } && generation.Selecting?.Match(fields) != false ? generation : null;
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static async ValueTask<ObjectFetchResult> FollowAsync(ObjectFetch flight, bool isOwn, CancellationToken ct)
    {
        try
        {
            var outcome = await flight.Outcome.WaitAsync(ct);
            if (isOwn)
            {
                flight.Take();
            }

            return outcome;
        }
        finally
        {
            flight.Leave();
        }
    }

    private ObjectFetch JoinOrStart(ObjectFetchRequest request, FieldTable fields, out bool isOwn)
    {
        var created = new ObjectFetch();
        created.TryJoin();
        while (true)
        {
            var flight = _inFlight.GetOrAdd(request.Key, created);
            isOwn = flight == created;
            if (isOwn)
            {
                Start(created, request, fields);
                return created;
            }

            if (flight.TryJoin())
            {
                return flight;
            }

            // Its outcome is there, and it is about to leave the dictionary.
            _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight));
        }
    }

    private void Start(ObjectFetch flight, ObjectFetchRequest request, FieldTable fields)
    {
        if (TryFindNewer(request, fields, out var known))
        {
            _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight));
            flight.Complete(new ObjectFetchResult(ObjectFetchResultKind.Known) { Generation = known });
            return;
        }

        _ = RunAsync(flight, request, () => _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight)));
    }

    // Thread A found nothing in the index, or something stale; thread B's lesson published the object, or freshened it, and left; A enters. A
    // lesson is over only after that, so looking again here sees it and the origin is asked once.
    private bool TryFindNewer(ObjectFetchRequest request, FieldTable fields, [NotNullWhen(true)] out Generation? known) =>
        _index.TryGet(request.Key.Bytes, fields, out known)
        && known.Response != request.StaleResponse
        && known.IsUsable
        && ReuseDecision.Decide(known.Response, request.Directives, _time.GetUtcNow()) == Reuse.Fresh;

    // Never throws; whatever happens is the flight's outcome.
    private async Task RunAsync(ObjectFetch flight, ObjectFetchRequest request, Action? onEnd)
    {
        ObjectFetchResult outcome;
        try
        {
            outcome = await _lesson.FetchAsync(request);
        }
        catch (OperationCanceledException)
        {
            outcome = ObjectFetchResult.Failed(new Failure(FetchError.ShuttingDown));
        }
        catch (Exception error)
        {
            // The edge: nobody awaits this task, and those who wait for the flight would wait for ever.
            outcome = ObjectFetchResult.Failed(new Failure(FetchError.ProxyInternalError, error.ToString()));
        }

        if (outcome.Kind == ObjectFetchResultKind.Failed)
        {
            _meter.FailedSubrequests.Add(1);
        }

        onEnd?.Invoke();
        flight.Complete(outcome);
    }
}
