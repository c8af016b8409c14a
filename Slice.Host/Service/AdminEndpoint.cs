using Slice.Core.Http;
using Slice.Host.Status;
using Slice.Net.Exchange;
using Slice.Net.Handlers;

namespace Slice.Host.Service;

/// <summary>
/// The metrics port: <c>/metrics</c> for Prometheus, <c>/health</c> for probes, <c>/</c> for people, and PURGE of any URL of the proxy
/// port.
/// </summary>
internal sealed class AdminEndpoint(MetricsHandler metrics, HealthHandler health, PurgeHandler purge, StatusPage page) : IRequestHandler
{
    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        if (exchange.Head.Method == RequestMethod.Purge)
        {
            // A browser sends a PURGE only for a page that it takes to be of this origin; a name of a stranger's may lead here.
            return PageAccess.IsOfBrowser(exchange.Head.Fields)
                ? ErrorResponder.WriteErrorAsync(exchange, 403, "browsers purge by the status page")
                : purge.HandleAsync(exchange);
        }

        var path = exchange.Head.Target.Path;
        if (StatusPage.Owns(path))
        {
            return page.HandleAsync(exchange);
        }

        if (exchange.Head.Method is not (RequestMethod.Get or RequestMethod.Head))
        {
            exchange.KeepAlive &= exchange.Body.IsConsumed;
            return ErrorResponder.WriteErrorAsync(exchange, 405, "only GET, HEAD and PURGE are answered here");
        }

        if (path.SequenceEqual("/metrics"u8))
        {
            return metrics.HandleAsync(exchange);
        }

        if (path.SequenceEqual("/health"u8))
        {
            return health.HandleAsync(exchange);
        }

        return ErrorResponder.WriteErrorAsync(exchange, 404, "here are /metrics, /health, /api/ and /");
    }
}
