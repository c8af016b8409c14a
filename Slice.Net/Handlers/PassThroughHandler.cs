using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Objects;
using Slice.Core.Observability;
using Slice.Core.Origin;
using Slice.Net.Exchange;
using Slice.Net.Origin;

namespace Slice.Net.Handlers;

/// <summary>
/// Streams a request to the origin and its response back, both unchanged but for hop-by-hop fields, Via and X-Forwarded-*.
/// </summary>
/// <remarks>
/// A request holds a permit of the gate from before it is sent to the end of its response, so <c>limits.max_passthrough_requests</c> bounds
/// those at the origin.
/// </remarks>
internal sealed class PassThroughHandler(
    OriginGate gate, StoredResponseUpdates updates, FailureResponder failures, SliceMeter meter, RequestLog log)
    : IRequestHandler
{
    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange) =>
        HandleAsync(exchange, new CacheStatus { Forward = ForwardReason.Method });

    /// <summary>Passes a request through for a reason of the cache's.</summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="status">Why.</param>
    public ValueTask HandleAsync(HttpExchange exchange, CacheStatus status)
    {
        meter.PassthroughRequests.Add(1);
        exchange.Story?.PassedThrough(exchange, status);
        return ForwardAsync(exchange, status);
    }

    /// <summary>
    /// Asks the origin for the head of an object as a stranger would, without the client's conditions and range: what the origin says is
    /// also said of what is stored (RFC 9111 §4.3.5), and 304 and 412 are ours to say.
    /// </summary>
    /// <param name="exchange">A HEAD.</param>
    /// <param name="status">Why the answer is not from the store.</param>
    /// <param name="stale">What is stored of the target and not fresh; null for nothing.</param>
    /// <returns>
    /// False, and nothing is answered, when the origin refuses a stranger, or does not answer, and the client says more about itself: the
    /// client's own request is to go through.
    /// </returns>
    public async ValueTask<bool> TryHandleHeadAsync(HttpExchange exchange, CacheStatus status, Generation? stale)
    {
        meter.PassthroughRequests.Add(1);
        exchange.Story?.PassedThrough(exchange, status);
        long askedAt = exchange.GetTimestamp();
        using var interim = InterimResponses.To(exchange);
        using var request = ClientRequests.OfStranger(exchange, interim);
        WireResponse? response;
        Failure failure;
        var asked = updates.MarkOf(exchange);

        // An answer without a body is over with its head, and so is the turn at the origin.
        using (var permit = await PassThroughTurn.TryTakeAsync(gate, exchange, failures))
        {
            if (permit is null)
            {
                return true;
            }

            (response, failure) = await exchange.Settings.Origin.ForwardAsync(request, exchange.ConnectionClosed);
            exchange.AddOriginTime(askedAt);
        }

        using var ending = response;
        bool hasOwn = exchange.HasOwnFields || exchange.HasOwnTarget;
        if (hasOwn && (response is null ? failure.Error.MayBeOfOurRequest() : IsForStrangers(exchange, response)))
        {
            return false;
        }

        if (response is null)
        {
            await failures.RespondAsync(exchange, failure);
        }
        else
        {
            updates.ApplyHead(exchange, response, stale, asked);
            bool isAnswered = response.Status == 200
                && ClientConditions.AreIn(exchange.Head.Fields)
                && await ClientConditions.TryAnswerAsync(exchange, response, status);
            if (!isAnswered)
            {
                await ResponseForwarder.ForwardAsync(exchange, response, status, fill: null, meter, log);
            }
        }

        return true;
    }

    /// <summary>Passes the request of a client through that says more about itself, where a stranger is refused.</summary>
    /// <param name="exchange">The exchange; no head is out.</param>
    /// <param name="status">Why the answer is not from the store.</param>
    /// <param name="isCounted">Whether the exchange was counted with a stranger's request.</param>
    public ValueTask HandleOwnAsync(HttpExchange exchange, CacheStatus status, bool isCounted)
    {
        meter.PassthroughRequests.Add(isCounted ? 0 : 1);
        return ForwardAsync(exchange, status with { Detail = CacheDetail.OwnFields });
    }

    private static bool IsForStrangers(HttpExchange exchange, OriginResponse response)
    {
        var detail = exchange.Reader.Judge(
            exchange.Reader.Receive(response), RequestSharing.Allowed, exchange.Template, otherwiseVaries: null, out _);
        return StrangersAnswers.AreOnly(exchange, response.Status, detail);
    }

    private async ValueTask ForwardAsync(HttpExchange exchange, CacheStatus status)
    {
        if (exchange.Body.Rejection != RequestRejection.None)
        {
            exchange.KeepAlive = false;
            await RefuseBodyAsync(exchange);
            return;
        }

        long askedAt = exchange.GetTimestamp();
        using var permit = await PassThroughTurn.TryTakeAsync(gate, exchange, failures);
        if (permit is null)
        {
            return;
        }

        using var interim = InterimResponses.To(exchange);
        using var request = ClientRequests.Of(exchange, interim);
        var (response, failure) = await exchange.Settings.Origin.ForwardAsync(request, exchange.ConnectionClosed);
        exchange.AddOriginTime(askedAt);

        // A body that was not read to its end leaves the connection where no next request can be found.
        exchange.KeepAlive &= exchange.Body.IsConsumed;
        if (response is not null)
        {
            await ForwardAsync(exchange, response, status);
        }
        else if (exchange.Body.Rejection != RequestRejection.None)
        {
            await RefuseBodyAsync(exchange);
        }
        else if (request.IsBodyBroken)
        {
            // The client has left in the middle of its body: nobody is there to be answered.
            exchange.Abort();
        }
        else
        {
            await failures.RespondAsync(exchange, failure);
        }
    }

    // The upload may go on meanwhile: the origin has answered early, and goes on to read or does not.
    private async ValueTask ForwardAsync(HttpExchange exchange, WireResponse response, CacheStatus status)
    {
        try
        {
            // Before the client hears of it: what it asks next must not meet what its own request has made invalid.
            updates.Apply(exchange, response);
            log.LinesDropped(exchange, response);
            await ResponseForwarder.ForwardAsync(exchange, response, status, fill: null, meter, log);
        }
        finally
        {
            await response.EndAsync();
        }
    }

    private static ValueTask RefuseBodyAsync(HttpExchange exchange)
    {
        var rejection = exchange.Body.Rejection;
        exchange.NoteEnding(rejection == RequestRejection.HeadTimedOut ? ExchangeEnding.ClientTooSlow : ExchangeEnding.Refused);
        return ErrorResponder.WriteErrorAsync(exchange, rejection.GetStatus(), rejection.GetReason());
    }
}
