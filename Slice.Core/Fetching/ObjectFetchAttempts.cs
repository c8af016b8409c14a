using Slice.Core.Caching;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Core.Ranges;

namespace Slice.Core.Fetching;

/// <summary>
/// Asks the origin once for what a lesson needs, and again while that may help: the waits, the permits and the retries around
/// <see cref="ObjectAnswerInterpreter"/>. Thread-safe.
/// </summary>
internal sealed class ObjectFetchAttempts
{
    private readonly IOriginClient _origin;
    private readonly OriginGate _gate;
    private readonly ObjectAnswerInterpreter _interpreter;
    private readonly RetryPolicy _retries;
    private readonly TimeProvider _time;
    private readonly SliceMeter _meter;
    private readonly CancellationToken _stopping;

    /// <summary>Lessons over their collaborators; <paramref name="stopping"/> ends every one.</summary>
    public ObjectFetchAttempts(
        IOriginClient origin,
        OriginGate gate,
        ObjectAnswerInterpreter interpreter,
        RetryPolicy retries,
        TimeProvider time,
        SliceMeter meter,
        CancellationToken stopping)
    {
        _origin = origin;
        _gate = gate;
        _interpreter = interpreter;
        _retries = retries;
        _time = time;
        _meter = meter;
        _stopping = stopping;
    }

    /// <summary>Asks until there is an outcome, under the retry policy. Expected failures are outcomes.</summary>
    /// <exception cref="OperationCanceledException">The process is stopping.</exception>
    public async Task<ObjectFetchResult> FetchAsync(ObjectFetchRequest request)
    {
        var asked = _interpreter.RangeOf(request);
        string? failedOrigin = null;
        for (int retry = 1; ; retry++)
        {
            bool isLastTry = retry > _retries.MaxRetries;
            var (outcome, failure) = await TryOnceAsync(request, asked, isLastTry, failedOrigin);
            if (outcome is { Kind: ObjectFetchResultKind.Unsatisfiable } && asked is { } range && outcome.CompleteLength > range.Start)
            {
                // B14: there is something at this position, and the origin minds that the range goes past the end.
                asked = range.End > outcome.CompleteLength ? new ByteRange(range.Start, outcome.CompleteLength) : null;
                (outcome, failure) = asked is null
                    ? (new ObjectFetchResult(ObjectFetchResultKind.PassThrough), Failure.None)
                    : await TryOnceAsync(request, asked, isLastTry, failedOrigin);
            }

            if (outcome is { Kind: ObjectFetchResultKind.Unsatisfiable } && outcome.CompleteLength > asked?.Start)
            {
                return new ObjectFetchResult(ObjectFetchResultKind.PassThrough);
            }

            if (outcome is not null)
            {
                return outcome;
            }

            if (isLastTry || !failure.Error.IsRetryable())
            {
                return StaleOnError(request, failure) ?? ObjectFetchResult.Failed(failure);
            }

            failedOrigin = failure.Origin;
            _meter.RetriedSubrequests.Add(1);
            await Task.Delay(_retries.DelayBefore(retry, failure), _time, _stopping);
        }
    }

    /// <summary>What is stored and stale, where it may stand in for the failing origin; else null. An error is one of its statuses or no answer (RFC 5861 §4).</summary>
    public ObjectFetchResult? StaleOnError(ObjectFetchRequest request, Failure failure, int status = 0) =>
        request.Stale is { } stale && failure.Error.Side() == FetchErrorSide.Origin && MayServeOnError(request, stale)
            ? new ObjectFetchResult(ObjectFetchResultKind.Known) { Generation = stale, IsStaleOnError = true, Failure = failure, OriginStatus = status }
            : null;

    /// <summary>Whether a stored object may stand in for a failing origin towards the client of this request.</summary>
    public bool MayServeOnError(ObjectFetchRequest request, Generation stale) =>
        stale.IsUsable && ReuseDecision.MayServeOnError(stale.Response, request.Directives, _time.GetUtcNow());

    /// <summary>Position of the first byte that a request asks for.</summary>
    public long StartOf(ObjectFetchRequest request) => _interpreter.RangeOf(request)?.Start ?? 0;

    private async Task<(ObjectFetchResult? Outcome, Failure Failure)> TryOnceAsync(ObjectFetchRequest request, ByteRange? asked, bool isLastTry, string? failedOrigin)
    {
        if (!await _gate.TryEnterAsync(_stopping))
        {
            return (null, new Failure(FetchError.OriginQueueTimeout, $"{_gate.Free} permits free"));
        }

        OriginResponse? response = null;
        var handOver = ResponseHandOver.None;
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

            var outcome = _interpreter.Interpret(request, asked, response, out handOver);
            return (outcome with { OriginStatus = response.Status }, Failure.None);
        }
        finally
        {
            if (handOver == ResponseHandOver.None)
            {
                response?.Dispose();
            }

            // What goes on at a client's pace must not hold a permit.
            if (handOver != ResponseHandOver.WithPermit)
            {
                _gate.Leave();
            }
        }
    }
}
