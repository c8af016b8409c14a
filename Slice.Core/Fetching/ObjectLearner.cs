using System.Collections.Concurrent;
using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Observability;
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
public sealed class ObjectLearner
{
    // Lessons of others that a client joins before it goes alone: each may turn out to say nothing about this client's range. Arbitrary.
    private const int MaxJoins = 3;

    private static readonly ByteRange s_firstByte = new(0, 1);

    // nginx's proxy_cache_lock_timeout.
    private static readonly TimeSpan s_longestWaitForRecording = TimeSpan.FromSeconds(5);

    private readonly IOriginClient _origin;
    private readonly OriginGate _gate;
    private readonly SliceFetcher _fetcher;
    private readonly SliceStore _store;
    private readonly ObjectIndex _index;
    private readonly StoredResponseReader _reader;
    private readonly RetryPolicy _retries;
    private readonly SliceGrid _grid;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly CancellationToken _stopping;
    private readonly ConcurrentDictionary<CacheKey, LearnFlight> _inFlight = new(CacheKeyComparer.Instance);

    /// <summary>A learner over its collaborators; <paramref name="stopping"/> ends every lesson.</summary>
    public ObjectLearner(
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
        _origin = origin;
        _gate = gate;
        _fetcher = fetcher;
        _store = store;
        _index = index;
        _reader = reader;
        _retries = retries;
        _grid = grid;
        _time = time;
        _meter = meter;
        _stopping = stopping;
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
    public async ValueTask<LearnOutcome> LearnAsync(LearnRequest request, FieldTable fields, bool mayWait, CancellationToken ct)
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
                return outcome with { WasCollapsed = true };
            }

            if (outcome.Recorder is { } recorder && await RecordedAsync(recorder, fields, ct) is { } recorded)
            {
                return new LearnOutcome(LearnOutcomeKind.Known) { Generation = recorded, WasCollapsed = true, OriginStatus = outcome.OriginStatus };
            }

            // What cannot be shared is not worth queueing for.
            mayWait = !outcome.IsExclusive;
        }

        var alone = new LearnFlight();
        alone.TryJoin();
        _ = RunAsync(alone, request, onEnd: null);
        return await FollowAsync(alone, isOwn: true, ct);
    }

    /// <summary>
    /// Asks the origin whether a stored response is still good while it goes on being used (RFC 5861 §3); does nothing when somebody
    /// asks already. Never waits.
    /// </summary>
    public void Refresh(LearnRequest request)
    {
        var flight = new LearnFlight();
        flight.TryJoin();
        if (!_inFlight.TryAdd(request.Key, flight))
        {
            flight.Leave();
            return;
        }

        _ = RunAsync(flight, request, () => _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight)));
        _ = KeepRefreshedAsync(flight);
    }

    // An answer of unknown length is kept only by somebody who reads it to its end, and here no client does. Never throws: what the origin
    // does wrong is a value, and the deadlines are the response's.
    private async Task KeepRefreshedAsync(LearnFlight flight)
    {
        var outcome = await FollowAsync(flight, isOwn: true, CancellationToken.None);
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

    /// <summary>Reads the head of an answer that is passed on, for the client's preconditions.</summary>
    public StoredResponse Describe(OriginResponse response) => _reader.Read(response, Math.Max(0, response.ContentLength));

    // An answer to one client's request, with its credentials and cookies, is that client's even if it has left; what a 416 says about
    // one range it does not say about another that begins before it; and another variant is no answer.
    private bool IsAlsoFor(LearnRequest request, FieldTable fields, LearnOutcome outcome) => outcome.Kind switch
    {
        LearnOutcomeKind.Unsatisfiable => outcome.CompleteLength <= StartOf(request),
        LearnOutcomeKind.Known => !outcome.IsExclusive && outcome.Generation!.Selecting?.Match(fields) != false,
        _ => !outcome.IsExclusive,
    };

    // A body without a length is a stored response only at its end. Waiting for it spares the origin a request; an origin that takes
    // long over it costs each client this wait once.
    private async ValueTask<Generation?> RecordedAsync(BodyRecorder recorder, FieldTable fields, CancellationToken ct)
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

    private static async ValueTask<LearnOutcome> FollowAsync(LearnFlight flight, bool isOwn, CancellationToken ct)
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

    private LearnFlight JoinOrStart(LearnRequest request, FieldTable fields, out bool isOwn)
    {
        var created = new LearnFlight();
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

    private void Start(LearnFlight flight, LearnRequest request, FieldTable fields)
    {
        // Thread A found nothing in the index, or something stale; thread B's lesson published the object, or freshened it, and left; A
        // enters. A lesson is over only after that, so looking again here sees it and the origin is asked once.
        if (_index.TryGet(request.Key.Bytes, fields, out var known)
            && known.Response != request.StaleResponse
            && known.IsUsable
            && ReuseDecision.Decide(known.Response, request.Directives, _time.GetUtcNow()) == Reuse.Fresh)
        {
            _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight));
            flight.Complete(new LearnOutcome(LearnOutcomeKind.Known) { Generation = known });
            return;
        }

        _ = RunAsync(flight, request, () => _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight)));
    }

    // Never throws; whatever happens is the flight's outcome.
    private async Task RunAsync(LearnFlight flight, LearnRequest request, Action? onEnd)
    {
        LearnOutcome outcome;
        try
        {
            outcome = await LearnWithRetriesAsync(request);
        }
        catch (OperationCanceledException)
        {
            outcome = Failed(new Failure(FetchError.ShuttingDown));
        }
        catch (Exception error)
        {
            // The edge: nobody awaits this task, and those who wait for the flight would wait for ever.
            outcome = Failed(new Failure(FetchError.ProxyInternalError, error.ToString()));
        }

        if (outcome.Kind == LearnOutcomeKind.Failed)
        {
            _meter.FailedSubrequests.Add(1);
        }

        onEnd?.Invoke();
        flight.Complete(outcome);
    }

    private async Task<LearnOutcome> LearnWithRetriesAsync(LearnRequest request)
    {
        var asked = RangeOf(request);
        string? failedOrigin = null;
        for (int retry = 1; ; retry++)
        {
            bool isLastTry = retry > _retries.MaxRetries;
            var (outcome, failure) = await TryOnceAsync(request, asked, isLastTry, failedOrigin);
            if (outcome is { Kind: LearnOutcomeKind.Unsatisfiable } && asked is { } range && outcome.CompleteLength > range.Start)
            {
                // B14: there is something at this position, and the origin minds that the range goes past the end.
                asked = range.End > outcome.CompleteLength ? new ByteRange(range.Start, outcome.CompleteLength) : null;
                (outcome, failure) = asked is null
                    ? (new LearnOutcome(LearnOutcomeKind.PassThrough), Failure.None)
                    : await TryOnceAsync(request, asked, isLastTry, failedOrigin);
            }

            if (outcome is { Kind: LearnOutcomeKind.Unsatisfiable } && outcome.CompleteLength > asked?.Start)
            {
                return new LearnOutcome(LearnOutcomeKind.PassThrough);
            }

            if (outcome is not null)
            {
                return outcome;
            }

            if (isLastTry || !failure.Error.IsRetryable())
            {
                return StaleOnError(request, failure) ?? Failed(failure);
            }

            failedOrigin = failure.Origin;
            _meter.RetriedSubrequests.Add(1);
            await Task.Delay(_retries.DelayBefore(retry, failure), _time, _stopping);
        }
    }

    // RFC 5861 §4: an error of the origin is one of its statuses or none at all.
    private LearnOutcome? StaleOnError(LearnRequest request, Failure failure, int status = 0) =>
        request.Stale is { IsUsable: true } stale
        && failure.Error.Side() == FetchErrorSide.Origin
        && ReuseDecision.MayServeOnError(stale.Response, request.Directives, _time.GetUtcNow())
            ? new LearnOutcome(LearnOutcomeKind.Known) { Generation = stale, IsStaleOnError = true, Failure = failure, OriginStatus = status }
            : null;

    private async Task<(LearnOutcome? Outcome, Failure Failure)> TryOnceAsync(LearnRequest request, ByteRange? asked, bool isLastTry, string? failedOrigin)
    {
        if (!await _gate.TryEnterAsync(_stopping))
        {
            return (null, new Failure(FetchError.OriginQueueTimeout, $"{_gate.Free} permits free"));
        }

        OriginResponse? response = null;
        var handOver = HandOver.None;
        try
        {
            _meter.Subrequests.Add(1);
            var query = new OriginRequest(request.Template, asked) { KnownVersion = request.StaleResponse?.Validator, FailedOrigin = failedOrigin };
            var result = await _origin.SendAsync(query, _stopping);
            response = result.Response;
            if (response is null)
            {
                return (null, result.Failure);
            }

            if (response.Status is 500 or 502 or 503 or 504)
            {
                var failure = PartialResponseCheck.ServerError(response) with { Origin = response.Origin };
                if (!isLastTry)
                {
                    return (null, failure);
                }

                if (StaleOnError(request, failure, response.Status) is { } stale)
                {
                    return (stale, Failure.None);
                }
            }

            var outcome = Interpret(request, asked, response, out handOver);
            return (outcome with { OriginStatus = response.Status }, Failure.None);
        }
        finally
        {
            if (handOver == HandOver.None)
            {
                response?.Dispose();
            }

            // What goes on at a client's pace must not hold a permit.
            if (handOver != HandOver.WithPermit)
            {
                _gate.Leave();
            }
        }
    }

    private LearnOutcome Interpret(LearnRequest request, ByteRange? asked, OriginResponse response, out HandOver handOver)
    {
        handOver = HandOver.None;
        switch (response.Status)
        {
            case 206 when asked is { } range:
                if (!PartialResponseCheck.TryAccept(response, range, out var part, out var failure))
                {
                    return Failed(failure);
                }

                return part.CompleteLength < 0 || !IsSliceable(part.CompleteLength)
                    ? new LearnOutcome(LearnOutcomeKind.PassThrough)
                    : Know(request, response, part.CompleteLength, part.Part, out handOver);

            case 304 when request.Stale is { } stale && response.FindSingle("ETag") is { } tag && tag != request.StaleResponse!.Validator.EntityTag:
                // It says that our version is good, and names another: an origin that went by the date only, and the file changed within
                // a second. RFC 9111 §4.3.4 forbids to update what we hold; the client's own request will tell what there is.
                _index.Remove(stale);
                return new LearnOutcome(LearnOutcomeKind.PassThrough);

            case 304 when request.Stale is { } stale:
                stale.Freshen(_reader.Freshen(stale.Response, response));
                if (_reader.TakesBack(response))
                {
                    // The origin takes back what it allowed before: good for those who asked, and for nobody after them.
                    _index.Remove(stale);
                }

                return new LearnOutcome(LearnOutcomeKind.Known) { Generation = stale, WasRevalidated = true };

            case 206 or 304:
                // Nothing was asked that these could answer.
                return Failed(new Failure(FetchError.UnexpectedStatus, $"status {response.Status} to a request that is neither for a part nor conditional"));

            case 416 when asked is not null:
                var stated = ContentRangeField.Parse(Encoding.Latin1.GetBytes(response.FindSingle("Content-Range") ?? ""));
                return stated.Kind == ContentRangeKind.Unsatisfied
                    ? new LearnOutcome(LearnOutcomeKind.Unsatisfiable) { CompleteLength = stated.CompleteLength }
                    : new LearnOutcome(LearnOutcomeKind.PassThrough);

            default:
                return KnowWhole(request, response, out handOver);
        }
    }

    private LearnOutcome Know(LearnRequest request, OriginResponse response, long completeLength, ByteRange part, out HandOver handOver)
    {
        var stored = _reader.Read(response, completeLength);
        bool isShared = _reader.MayBeShared(response, request.Sharing, request.Template, out var selecting);
        handOver = HandOver.None;
        if (request.Stale is { IsRetired: false } stale && isShared && stale.Response.Validator is { IsPresent: true } known
            && known.IsSameVersion(stored.Validator))
        {
            // The origin answered with bytes although nothing changed: as good as a 304.
            stale.Freshen(stored);
            return new LearnOutcome(LearnOutcomeKind.Known) { Generation = stale, WasRevalidated = true };
        }

        var generation = new Generation(request.Key, stored, _grid, isShared, _store) { Selecting = selecting };
        if (request.FirstSliceIndex is not null)
        {
            _fetcher.Adopt(generation, request.FirstSliceIndex.Value, request.Template, response, part);
            handOver = HandOver.WithPermit;
        }

        return Publish(request, generation, isShared);
    }

    // An answer whose body is all of a representation: an object that fits its first slice or comes from an origin without ranges, an
    // error, a redirect, a page outside the sliced paths.
    private LearnOutcome KnowWhole(LearnRequest request, OriginResponse response, out HandOver handOver)
    {
        bool isShared = _reader.MayBeShared(response, request.Sharing, request.Template, out var selecting);
        long length = response.Status is 204 or 205 ? 0 : response.ContentLength;
        bool isKept = isShared && IsStorable(length);
        bool isCut = !isKept && !request.IsWhole && IsStorable(length) && response.Status == 200 && length > 0;
        if (length < 0 || !(isKept || isCut))
        {
            handOver = HandOver.WithoutPermit;
            if (response.Status < 500 && request.Stale is { } replaced)
            {
                // 404, 410, a redirect: the origin has said that what we hold is not the object any more.
                _index.Remove(replaced);
            }

            return new LearnOutcome(LearnOutcomeKind.Direct)
            {
                Response = response,
                Recorder = isKept ? NewRecorder(request, response, selecting) : null,
                IsUncacheable = !isShared,
            };
        }

        var stored = _reader.Read(response, length);
        var generation = new Generation(request.Key, stored, _grid, isShared, _store) { Selecting = selecting, IsWhole = true };
        if (length > _grid.SliceSizeBytes)
        {
            _fetcher.AdoptWhole(generation, response);
            handOver = HandOver.WithoutPermit;
        }
        else if (length > 0)
        {
            _fetcher.Adopt(generation, 0, request.Template, response, new ByteRange(0, length));
            handOver = HandOver.WithPermit;
        }
        else
        {
            handOver = HandOver.None;
        }

        return Publish(request, generation, isShared);
    }

    private bool IsStorable(long length) => length <= LongestWholeBody && (length <= 0 || IsSliceable(length));

    private LearnOutcome Publish(LearnRequest request, Generation generation, bool isShared)
    {
        if (isShared)
        {
            _index.Publish(generation);
        }

        if (request.Stale is not null && request.Stale != generation)
        {
            // Also when it was selected by other fields than the new one is: it is no answer to this request any more.
            _index.Remove(request.Stale);
        }

        return new LearnOutcome(LearnOutcomeKind.Known) { Generation = generation, IsUncacheable = !isShared };
    }

    private BodyRecorder NewRecorder(LearnRequest request, OriginResponse response, SelectingFields? selecting)
    {
        var receivedAt = _time.GetUtcNow();
        return new BodyRecorder(
            _store,
            _grid,
            LongestWholeBody,
            length => new Generation(request.Key, _reader.Read(response, length, receivedAt), _grid, isShared: true, _store)
            {
                Selecting = selecting,
                IsWhole = true,
            },
            _index.Publish);
    }

    // A body that the origin gives only from its beginning on must be in the store from there to where the slowest reader is; half
    // of the store at most may go to one. Arbitrary.
    private long LongestWholeBody => _store.CapacityBytes / 2;

    private ByteRange? RangeOf(LearnRequest request) =>
        request.IsWhole ? null : request.FirstSliceIndex is { } index ? _grid.RangeOf(index) : s_firstByte;

    private long StartOf(LearnRequest request) => RangeOf(request)?.Start ?? 0;

    private bool IsSliceable(long completeLength) =>
        _grid.Covers(completeLength) && completeLength > 0 && _grid.CountFor(completeLength) <= Generation.MaxSlices;

    private static LearnOutcome Failed(Failure failure) => new(LearnOutcomeKind.Failed) { Failure = failure };

    // What becomes of a response after it was looked at.
    private enum HandOver
    {
        // It is done with.
        None,

        // It and the permit belong to a fetch.
        WithPermit,

        // It goes on, at a client's pace.
        WithoutPermit,
    }
}
