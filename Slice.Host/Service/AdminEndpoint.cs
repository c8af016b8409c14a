using Slice.Core.Http;
using Slice.Net.Exchange;
using Slice.Net.Handlers;

namespace Slice.Host.Service;

/// <summary>
/// The metrics port: <c>/metrics</c> for Prometheus, <c>/health</c> for probes, <c>/</c> for people, and PURGE of any URL of the proxy
/// port.
/// </summary>
internal sealed class AdminEndpoint(MetricsHandler metrics, HealthHandler health, PurgeHandler purge, string version) : IRequestHandler
{
    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        if (exchange.Head.Method == RequestMethod.Purge)
        {
            return purge.HandleAsync(exchange);
        }

        if (exchange.Head.Method is not (RequestMethod.Get or RequestMethod.Head))
        {
            exchange.KeepAlive &= exchange.Body.IsConsumed;
            return ErrorResponder.WriteErrorAsync(exchange, 405, "only GET, HEAD and PURGE are answered here");
        }

        var path = exchange.Head.Target.Path;
        if (path.SequenceEqual("/metrics"u8))
        {
            return metrics.HandleAsync(exchange);
        }

        if (path.SequenceEqual("/health"u8))
        {
            return health.HandleAsync(exchange);
        }

        return path.SequenceEqual("/"u8)
            ? ErrorResponder.WriteAsync(exchange, 200, "text/html; charset=utf-8", Index())
            : ErrorResponder.WriteErrorAsync(exchange, 404, "here are /metrics, /health and /");
    }

    private string Index() => $"""
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>pingora-slice</title></head>
        <body><h1>pingora-slice {version}</h1>
        <ul><li><a href="/metrics">/metrics</a>: figures for Prometheus</li>
        <li><a href="/health">/health</a>: 200 while this instance takes requests</li></ul></body></html>

        """;
}
