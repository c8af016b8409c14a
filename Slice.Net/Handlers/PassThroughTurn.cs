using System.Text;
using Slice.Core.Origin;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>The turn of a request that is passed through. Thread-safe.</summary>
internal static class PassThroughTurn
{
    // For the client and for the log: the origin has not been asked, so nobody should look for a fault there.
    private const string NoTurn = "too many requests are passed through (limits.max_passthrough_requests)";

    /// <summary>
    /// Waits for the turn, at most <c>timeouts.origin_queue</c>; null when none came, and the client is answered 503. The caller disposes
    /// the permit.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client left.</exception>
    public static async ValueTask<OriginPermit?> TryTakeAsync(OriginGate gate, HttpExchange exchange, FailureResponder failures)
    {
        var ticket = new GateTicket(exchange.Client.Name, Encoding.Latin1.GetString(exchange.Head.PathAndQuery));
        var permit = await gate.TryEnterAsync(ticket, exchange.Settings.Options.Timeouts.OriginQueue, exchange.ConnectionClosed);
        if (permit is null)
        {
            // A body that nobody has read stands before the next request.
            exchange.KeepAlive &= exchange.Body.IsConsumed;
            await failures.RespondAsync(exchange, new Failure(FetchError.OriginQueueTimeout, NoTurn), NoTurn);
        }

        return permit;
    }
}
