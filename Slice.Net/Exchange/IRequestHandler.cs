namespace Slice.Net.Exchange;

/// <summary>Answers requests. One instance serves all connections: thread-safe, without state of a request.</summary>
internal interface IRequestHandler
{
    /// <summary>
    /// Answers the exchange: hands exactly one response to its writer, or aborts it. A request body that was not read makes the
    /// connection close.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client left while the handler waited on its behalf.</exception>
    ValueTask HandleAsync(HttpExchange exchange);
}
