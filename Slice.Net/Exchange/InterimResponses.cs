using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Net.Origin;

namespace Slice.Net.Exchange;

/// <summary>
/// Passes the interim responses to a client's own request on (RFC 9110 §15.2) while that client waits for its final response. Thread-safe.
/// </summary>
/// <remarks>
/// They are passed on as they come, by whoever reads from the origin; the 100 that we send ourselves when an origin says nothing comes from
/// a timer, and only where the client expects one. Both use the client's writer, so they take turns.
/// </remarks>
internal sealed class InterimResponses : IInterimResponses, IDisposable
{
    private readonly HttpExchange _exchange;
    private readonly SemaphoreSlim? _turn;
    private bool _hasContinued;

    private InterimResponses(HttpExchange exchange)
    {
        _exchange = exchange;
        _turn = exchange.Head.ExpectsContinue ? new SemaphoreSlim(1, 1) : null;
    }

    /// <summary>The client's ear; null for a client that must not get any: HTTP/1.0 knows no interim responses.</summary>
    public static InterimResponses? To(HttpExchange exchange) =>
        exchange.Head.MinorVersion == 1 ? new InterimResponses(exchange) : null;

    /// <inheritdoc/>
    public async ValueTask SendAsync(ResponseHead head)
    {
        // A client that did not ask has begun its body, and some take a 100 for the final response.
        if (head.Status == 100 && !_exchange.Head.ExpectsContinue)
        {
            return;
        }

        await TakeTurnAsync();
        try
        {
            if (!(head.Status == 100 && _hasContinued))
            {
                _hasContinued |= head.Status == 100;
                using var passed = Format(_exchange, head);
                await _exchange.Writer.WriteAsync(passed.Bytes);
            }
        }
        finally
        {
            _turn?.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendContinueAsync()
    {
        await TakeTurnAsync();
        try
        {
            if (!_hasContinued)
            {
                _hasContinued = true;
                using var ours = new ResponseHeadBuilder(100).End();
                await _exchange.Writer.WriteAsync(ours.Bytes);
            }
        }
        finally
        {
            _turn?.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn?.Dispose();

    private Task TakeTurnAsync() => _turn?.WaitAsync() ?? Task.CompletedTask;

    private static RentedHead Format(HttpExchange exchange, ResponseHead head)
    {
        var builder = new ResponseHeadBuilder(head, ResponseHeadBuilder.ReferenceBytes(exchange));
        for (int index = 0; index < head.Fields.LineCount; index++)
        {
            if (StoredFields.IsForwarded(head.Fields, index))
            {
                builder.WriteForwarded(exchange, head.Fields, index);
            }
        }

        return builder.End();
    }
}
