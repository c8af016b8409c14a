using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Tells a client, and the log, that its request failed before a head was out: the status of the failure, and its word. Thread-safe.
/// </summary>
internal sealed class FailureResponder(RequestLog log)
{
    /// <summary>Answers the exchange with the failure's status.</summary>
    public ValueTask RespondAsync(HttpExchange exchange, Failure failure)
    {
        NoteEnding(exchange, failure);
        log.OriginFailed(exchange, failure);
        return ErrorResponder.WriteErrorAsync(exchange, failure.Error.Status(), "the origin did not answer: " + failure.Error.Token());
    }

    /// <summary>Notes on the exchange whose fault a failure is.</summary>
    public static void NoteEnding(HttpExchange exchange, Failure failure)
    {
        exchange.Origin = failure.Origin ?? exchange.Origin;
        exchange.NoteEnding(failure.Error.Side() == FetchErrorSide.Origin ? ExchangeEnding.OriginFailed : ExchangeEnding.Failed);
    }
}
