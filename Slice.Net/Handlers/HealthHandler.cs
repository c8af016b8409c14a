using System.Text.Json;
using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>
/// Answers health checks: 200 while healthy, 503 while starting or draining. Where the cache is stands in the body: a cache that is in
/// memory for want of its directory serves all the same, and so does an instance whose shared cache is away.
/// </summary>
internal sealed class HealthHandler(InstanceState state, string version, Func<CacheHealth> cache) : IRequestHandler
{
    /// <summary>A word for the state of the shared cache; null where there is none, or it is nobody's business.</summary>
    public Func<string>? SharedCache { get; init; }

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
        string shared = SharedCache is null ? "" : $",\"shared_cache\":\"{SharedCache()}\"";
        return $"{{\"status\":\"{state.Status}\",\"version\":\"{version}\",\"cache\":\"{place}\"{why}{shared}}}\n";
    }
}
