using System.Text.Json;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Answers health checks: 200 while healthy, 503 while starting or draining. Where the cache is stands in the body: a cache that is in
/// memory for want of its directory serves all the same.
/// </summary>
internal sealed class HealthHandler(InstanceState state, string version, Func<CacheHealth> cache) : IRequestHandler
{
    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        bool isHealthy = state.IsHealthy;
        return ErrorResponder.WriteAsync(exchange, isHealthy ? 200 : 503, "application/json", FormatJson());
    }

    private string FormatJson()
    {
        var (place, reason) = cache();
        string why = reason is null ? "" : $",\"cache_reason\":\"{JsonEncodedText.Encode(reason)}\"";
        return $"{{\"status\":\"{state.Status}\",\"version\":\"{version}\",\"cache\":\"{place}\"{why}}}\n";
    }
}
