using Slice.Core.Http;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>Chooses the handler of a request on the proxy port.</summary>
internal sealed class RequestDispatcher : IRequestHandler
{
    private readonly HealthHandler _health;
    private readonly GetHandler _get;
    private readonly PurgeHandler _purge;
    private readonly PassThroughHandler _passThrough;
    private readonly UpgradeHandler _upgrade;
    private readonly RequestLog _log;

    /// <summary>A dispatcher over the five handlers.</summary>
    public RequestDispatcher(
        HealthHandler health, GetHandler get, PurgeHandler purge, PassThroughHandler passThrough, UpgradeHandler upgrade,
        RequestLog log)
    {
        _health = health;
        _get = get;
        _purge = purge;
        _passThrough = passThrough;
        _upgrade = upgrade;
        _log = log;
    }

    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        if (exchange.Settings.Identity.IsLoop(exchange.Head.Fields))
        {
            // Passed on, it would come back, and each round would hold connections and turns that the one before waits for.
            _log.LoopRefused(exchange);
            return ErrorResponder.WriteErrorAsync(exchange, 508, "the request has come back to the proxy that sent it");
        }

        switch (exchange.Head.Method)
        {
            case RequestMethod.Get when exchange.Head.Fields.Contains(KnownField.Upgrade)
                && UpgradeField.Read(exchange.Head) is { } protocols:
                return _upgrade.HandleAsync(exchange, protocols);
            case RequestMethod.Get or RequestMethod.Head:
                return exchange.Head.PathAndQuery.SequenceEqual(exchange.Settings.HealthPath.Span)
                    ? _health.HandleAsync(exchange)
                    : _get.HandleAsync(exchange);
            case RequestMethod.Purge:
                return _purge.HandleAsync(exchange);
            case RequestMethod.Options when exchange.Head.Target.Form == RequestTargetForm.Asterisk:
                // OPTIONS * asks about the server and not about a resource of it (RFC 9110 §9.3.7): that is us.
                return ErrorResponder.WriteMethodsAsync(exchange, 200);
            case RequestMethod.Options or RequestMethod.Trace
                when MaxForwards.TryRead(exchange.Head, out long left) && left == 0:
                // We are the last recipient (RFC 9110 §7.6.2). An echo of a TRACE would show its sender what proxies before us have added
                // for us alone, and no list of what is secret (§9.3.8) is ever complete: TRACE is no method of ours.
                return ErrorResponder.WriteMethodsAsync(exchange, exchange.Head.Method == RequestMethod.Options ? 200 : 405);
            case RequestMethod.Connect:
                // Never an open proxy: only the configured origin is reached.
                exchange.KeepAlive = false;
                return ErrorResponder.WriteErrorAsync(exchange, 501, "CONNECT is not supported");
            default:
                return _passThrough.HandleAsync(exchange);
        }
    }
}
