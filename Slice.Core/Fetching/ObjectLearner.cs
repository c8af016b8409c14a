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
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled; the lesson goes on for the others.</exception>
    public async ValueTask<LearnOutcome> LearnAsync(LearnRequest request, CancellationToken ct)
    {
        bool mayJoin = true;
        for (int joins = 0; mayJoin && joins < MaxJoins; joins++)
        {
            var flight = JoinOrStart(request, out bool isOwn);
            var outcome = await FollowAsync(flight, isOwn, ct);
            if (isOwn || IsAlsoFor(request, outcome))
            {
                return outcome;
            }

            // What cannot be shared is not worth queueing for.
            mayJoin = !outcome.IsExclusive;
        }

        var alone = new LearnFlight();
        alone.TryJoin();
        _ = RunAsync(alone, request, onEnd: null);
        return await FollowAsync(alone, isOwn: true, ct);
    }

    // An answer to one client's request, with its credentials and cookies, is that client's even if it has left; what a 416 says about
    // one range it does not say about another that begins before it.
    private bool IsAlsoFor(LearnRequest request, LearnOutcome outcome) =>
        outcome.Kind == LearnOutcomeKind.Unsatisfiable ? outcome.CompleteLength <= RangeOf(request).Start : !outcome.IsExclusive;

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

    private LearnFlight JoinOrStart(LearnRequest request, out bool isOwn)
    {
        var created = new LearnFlight();
        created.TryJoin();
        while (true)
        {
            var flight = _inFlight.GetOrAdd(request.Key, created);
            isOwn = flight == created;
            if (isOwn)
            {
                Start(created, request);
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

    private void Start(LearnFlight flight, LearnRequest request)
    {
        // Thread A found nothing in the index; thread B's lesson published the object and left; A enters. A lesson is over only
        // after its object is published, so looking again here sees it and the origin is asked once.
        if (_index.TryGet(request.Key.Bytes, out var known)
            && known != request.Stale
            && !known.IsRetired
            && known.Response.Freshness.IsFreshAt(_time.GetUtcNow()))
        {
            _inFlight.TryRemove(KeyValuePair.Create(request.Key, flight));
            flight.Complete(new LearnOutcome(LearnOutcomeKind.Sliced) { Generation = known });
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
        for (int retry = 1; ; retry++)
        {
            bool isLastTry = retry > _retries.MaxRetries;
            var (outcome, failure) = await TryOnceAsync(request, isLastTry);
            if (outcome is not null)
            {
                return outcome;
            }

            if (isLastTry || !failure.Error.IsRetryable())
            {
                return Failed(failure);
            }

            _meter.RetriedSubrequests.Add(1);
            await Task.Delay(_retries.DelayBefore(retry), _time, _stopping);
        }
    }

    private async Task<(LearnOutcome? Outcome, Failure Failure)> TryOnceAsync(LearnRequest request, bool isLastTry)
    {
        if (!await _gate.TryEnterAsync(_stopping))
        {
            return (null, new Failure(FetchError.OriginQueueTimeout, $"{_gate.Free} permits free"));
        }

        OriginResponse? response = null;
        bool isHandedOver = false;
        try
        {
            var asked = RangeOf(request);
            _meter.Subrequests.Add(1);
            var result = await _origin.SendAsync(
                new OriginRequest(request.Template, asked) { KnownVersion = request.Stale?.Response.Validator }, _stopping);
            response = result.Response;
            if (response is null)
            {
                return (null, result.Failure);
            }

            if (response.Status is 500 or 502 or 503 or 504 && !isLastTry)
            {
                return (null, new Failure(FetchError.OriginServerError, $"status {response.Status}"));
            }

            var outcome = Interpret(request, asked, response, out bool isAdopted);
            isHandedOver = isAdopted;
            if (outcome.Kind == LearnOutcomeKind.Direct)
            {
                // Goes on at the client's pace, which must not hold a permit.
                _gate.Leave();
                isHandedOver = true;
            }

            return (outcome, Failure.None);
        }
        finally
        {
            if (!isHandedOver)
            {
                response?.Dispose();
                _gate.Leave();
            }
        }
    }

    // isAdopted: the response and the permit now belong to a fetch.
    private LearnOutcome Interpret(LearnRequest request, ByteRange asked, OriginResponse response, out bool isAdopted)
    {
        isAdopted = false;
        switch (response.Status)
        {
            case 206:
                if (!PartialResponseCheck.TryAccept(response, asked, out var part, out var failure))
                {
                    return Failed(failure);
                }

                return part.CompleteLength < 0 || !IsSliceable(part.CompleteLength)
                    ? new LearnOutcome(LearnOutcomeKind.PassThrough)
                    : Know(request, response, part.CompleteLength, part.Part, out isAdopted);

            case 200 when asked.Start == 0
                && response.ContentLength > 0
                && response.ContentLength <= _grid.SliceSizeBytes
                && !PartialResponseCheck.HasContentCoding(response):
                // The range covers the whole object, or the origin knows no ranges: either way this is all of it (B13).
                return Know(request, response, response.ContentLength, new ByteRange(0, response.ContentLength), out isAdopted);

            case 304 when request.Stale is { } stale && response.FindSingle("ETag") is { } tag && tag != stale.Response.Validator.EntityTag:
                // It speaks of another version than the one we hold (RFC 9111 §4.3.4): the client's own request will tell.
                _index.Remove(stale);
                return new LearnOutcome(LearnOutcomeKind.PassThrough);

            case 304 when request.Stale is { } stale:
                stale.Freshen(_reader.Freshen(stale.Response, response));
                if (!_reader.MayBeShared(response))
                {
                    // The origin takes back what it allowed before: good for those who asked, and for nobody after them.
                    _index.Remove(stale);
                }

                return new LearnOutcome(LearnOutcomeKind.Sliced) { Generation = stale, WasRevalidated = true };

            case 416:
                var stated = ContentRangeField.Parse(Encoding.Latin1.GetBytes(response.FindSingle("Content-Range") ?? ""));
                return stated.Kind == ContentRangeKind.Unsatisfied && stated.CompleteLength <= asked.Start
                    ? new LearnOutcome(LearnOutcomeKind.Unsatisfiable) { CompleteLength = stated.CompleteLength }
                    : new LearnOutcome(LearnOutcomeKind.PassThrough);

            default:
                if (response.Status < 500 && request.Stale is { } replaced)
                {
                    // 404, 410, a redirect: the origin has said that what we hold is not the object any more.
                    _index.Remove(replaced);
                }

                return new LearnOutcome(LearnOutcomeKind.Direct) { Response = response };
        }
    }

    private LearnOutcome Know(LearnRequest request, OriginResponse response, long completeLength, ByteRange part, out bool isAdopted)
    {
        var stored = _reader.Read(response, completeLength);
        bool isShared = request.MayBeShared && _reader.MayBeShared(response);
        isAdopted = false;
        if (request.Stale is { IsRetired: false } stale && isShared && stale.Response.Validator is { IsPresent: true } known
            && known.IsSameVersion(stored.Validator))
        {
            // The origin answered with bytes although nothing changed: as good as a 304.
            stale.Freshen(stored);
            return new LearnOutcome(LearnOutcomeKind.Sliced) { Generation = stale, WasRevalidated = true };
        }

        var generation = new Generation(request.Key, stored, _grid, isShared, _store);

        // A one-slice answer of 200 to a probe for the length brings more than the probe asked for; then its slice is slice 0 too.
        if (request.FirstSliceIndex is not null || part.Length > s_firstByte.Length)
        {
            _fetcher.Adopt(generation, request.FirstSliceIndex ?? 0, request.Template, response, part);
            isAdopted = true;
        }

        if (isShared)
        {
            _index.Publish(generation);
        }
        else if (request.Stale is not null)
        {
            _index.Remove(request.Stale);
        }

        return new LearnOutcome(LearnOutcomeKind.Sliced) { Generation = generation };
    }

    private ByteRange RangeOf(LearnRequest request) => request.FirstSliceIndex is { } index ? _grid.RangeOf(index) : s_firstByte;

    private bool IsSliceable(long completeLength) =>
        _grid.Covers(completeLength) && completeLength > 0 && _grid.CountFor(completeLength) <= Generation.MaxSlices;

    private static LearnOutcome Failed(Failure failure) => new(LearnOutcomeKind.Failed) { Failure = failure };
}
