using Slice.Core.Fetching;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Tells a client, and the log, that its request failed before a head was out: the status of the failure, and its word. Thread-safe.
/// </summary>
internal sealed class FailureResponder(RequestLog log)
{
    /// <summary>Answers the exchange with the failure's status; where that is an error status of the origin's, with the same.</summary>
    /// <param name="exchange">The exchange; no head is out.</param>
    /// <param name="failure">What went wrong; the log has its detail.</param>
    /// <param name="reason">What the client is told before the word of the failure.</param>
    public ValueTask RespondAsync(HttpExchange exchange, Failure failure, string reason = "the origin did not answer")
    {
        NoteEnding(exchange, failure);
        log.OriginFailed(exchange, failure);
        string text = reason + ": " + failure.Error.Token();
        bool isOrigins = failure is { Error: FetchError.OriginServerError, Status: >= 400 };
        return isOrigins && failure.RetryAfter is { } wait
            ? ErrorResponder.WriteBusyAsync(exchange, failure.Status, text, wait)
            : ErrorResponder.WriteErrorAsync(exchange, isOrigins ? failure.Status : failure.Error.Status(), text);
    }

    /// <summary>
    /// Tells the log of a status of the origin that is a trouble of the origin's: 5xx, and 400, which many an origin answers to everything
    /// that comes to its TLS port without TLS.
    /// </summary>
    /// <param name="exchange">The exchange.</param>
    /// <param name="status">The status of the answer to a request of ours; 0 when there was none.</param>
    public void NoteStatus(HttpExchange exchange, int status)
    {
        if (status is 400 or >= 500)
        {
            log.OriginAnsweredError(exchange, status, exchange.Origin);
        }
    }

    /// <summary>
    /// Notes on the exchange a slice that the origin did not give, when the result is an outage: what a client wanted of the cache is a
    /// miss all the same, or the hit rate would look well in an outage.
    /// </summary>
    public static void NoteMiss(HttpExchange exchange, ObjectFetchResult result)
    {
        bool hasFailed = result is ObjectFetchResult.Failed failed
            ? !OwnRequestFallback.CanHelp(failed.Failure)
            : result is ObjectFetchResult.Answered && PartialResponseCheck.MayPass(result.OriginStatus);
        exchange.SlicesFailed += hasFailed ? 1 : 0;
    }

    /// <summary>Notes on the exchange whose fault a failure is.</summary>
    public static void NoteEnding(HttpExchange exchange, Failure failure)
    {
        exchange.Origin = failure.Origin ?? exchange.Origin;
        exchange.NoteEnding(failure.Error.Side() == FetchErrorSide.Origin ? ExchangeEnding.OriginFailed : ExchangeEnding.Failed);
    }
}
