using Slice.Net.Exchange;

namespace Slice.Net.Handlers;

/// <summary>Answers health checks: 200 while healthy, 503 while starting or draining.</summary>
internal sealed class HealthHandler(InstanceState state, string version) : IRequestHandler
{
    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        bool isHealthy = state.IsHealthy;
        return ErrorResponder.WriteAsync(
            exchange, isHealthy ? 200 : 503, "application/json", $"{{\"status\":\"{state.Status}\",\"version\":\"{version}\"}}\n");
    }
}
