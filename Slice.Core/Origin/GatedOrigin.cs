using System.Globalization;
using Slice.Core.Observability;

namespace Slice.Core.Origin;

/// <summary>
/// Sends subrequests through the <see cref="OriginGate"/>: the only way to the origin for requests of ours, so that
/// <c>limits.max_origin_requests</c> holds on every path. Thread-safe.
/// </summary>
/// <param name="gate">The limit.</param>
/// <param name="time">The clock.</param>
/// <param name="meter">Counts what is sent.</param>
public sealed class GatedOrigin(OriginGate gate, TimeProvider time, SliceMeter meter)
{
    /// <summary>Which origin refuses to be asked for a version by name.</summary>
    public ConditionRefusals Refusals { get; } = new();

    /// <summary>Waits for a turn, then sends the request and waits for the response head. The caller owns the response.</summary>
    /// <param name="origin">Where the request goes.</param>
    /// <param name="request">What is asked. <see cref="OriginRequest.Abandoned"/> ends both waits, with a failure of that name.</param>
    /// <param name="queueTimeout">Longest wait for a turn.</param>
    /// <param name="ct">Ends the waits, and the reading of the body.</param>
    /// <param name="mayStart">Asked when the turn has come: why the request is not needed any more, or none.</param>
    /// <returns>The response, or why there is none. Expected failures are values.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<(PermittedResponse? Response, Failure Failure)> SendAsync(
        IOriginClient origin, OriginRequest request, TimeSpan queueTimeout, CancellationToken ct, Func<ValueTask<Failure>>? mayStart = null)
    {
        OriginPermit? permit;
        try
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct, request.Abandoned);
            permit = await gate.TryEnterAsync(
                GateTicket.Of(request.Template) with { Wanted = request.Wanted }, queueTimeout, waiting.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return (null, new Failure(FetchError.Abandoned));
        }

        return permit is null
            ? (null, new Failure(FetchError.OriginQueueTimeout, $"{gate.Free} permits free"))
            : await SendAsync(origin, request, permit, mayStart, ct);
    }

    /// <summary>
    /// Waits for a turn for a body that is open already; null when <paramref name="queueTimeout"/> ran out. The caller disposes the permit.
    /// </summary>
    /// <param name="template">On whose behalf, and for what.</param>
    /// <param name="queueTimeout">Longest wait.</param>
    /// <param name="ct">Ends the wait.</param>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was cancelled.</exception>
    public async ValueTask<OriginPermit?> TryEnterAsync(SubrequestTemplate template, TimeSpan queueTimeout, CancellationToken ct)
    {
        var permit = await gate.TryEnterAsync(GateTicket.Of(template), queueTimeout, ct);
        permit?.HeadArrived();
        return permit;
    }

    private async ValueTask<(PermittedResponse? Response, Failure Failure)> SendAsync(
        IOriginClient origin, OriginRequest request, OriginPermit permit, Func<ValueTask<Failure>>? mayStart, CancellationToken ct)
    {
        OriginResponse? response = null;
        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(request.Abandoned, permit.Revoked);
        try
        {
            var refusal = mayStart is null ? Failure.None : await mayStart();
            if (refusal.IsError)
            {
                return (null, refusal);
            }

            meter.Subrequests.Add(1);
            long sentAt = time.GetTimestamp();
            var result = await origin.SendAsync(request with { Abandoned = unwanted.Token }, ct);
            response = result.Response;
            permit.HeadArrived();
            Count(result);
            return response is null
                ? (null, result.Failure with { Repeats = result.Repeats })
                : (new PermittedResponse(response, permit, sentAt), Failure.None);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested && unwanted.IsCancellationRequested)
        {
            return (null, request.Abandoned.IsCancellationRequested
                ? new Failure(FetchError.Abandoned)
                : new Failure(FetchError.OriginQueueTimeout, "no answer for long, and others wait for a turn"));
        }
        finally
        {
            if (response is null)
            {
                permit.Dispose();
            }
        }
    }

    private void Count(in OriginResult result)
    {
        meter.Subrequests.Add(result.Repeats + result.Hedges);
        meter.HedgedSubrequests.Add(result.Hedges);
        meter.RetriedSubrequests.Add(result.Repeats);
        if (result.Response is { Status: var status and (429 or (>= 500 and < 600)) })
        {
            meter.OriginErrors.Add(status.ToString(CultureInfo.InvariantCulture));
        }
    }
}
