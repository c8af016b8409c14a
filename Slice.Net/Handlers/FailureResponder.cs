using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Tells a client, and the log, that its request failed before a head was out: the status of the failure, and its word. Thread-safe.
/// </summary>
internal sealed class FailureResponder(RequestLog log)
{
    /// <summary>Answers the exchange with the failure's status.</summary>
    /// <param name="exchange">The exchange; no head is out.</param>
    /// <param name="failure">What went wrong; the log has its detail.</param>
    /// <param name="reason">What the client is told before the word of the failure.</param>
    public ValueTask RespondAsync(HttpExchange exchange, Failure failure, string reason = "the origin did not answer")
    {
        NoteEnding(exchange, failure);
        log.OriginFailed(exchange, failure);
        return ErrorResponder.WriteErrorAsync(exchange, failure.Error.Status(), reason + ": " + failure.Error.Token());
    }

    /// <summary>Notes on the exchange whose fault a failure is.</summary>
    public static void NoteEnding(HttpExchange exchange, Failure failure)
    {
        exchange.Origin = failure.Origin ?? exchange.Origin;
        exchange.NoteEnding(failure.Error.Side() == FetchErrorSide.Origin ? ExchangeEnding.OriginFailed : ExchangeEnding.Failed);
    }
}
