using Slice.Core.Observability;
using Slice.Host.Machine;
using Slice.Net.Exchange;

namespace Slice.Host.Service;

/// <summary>Answers <c>/metrics</c>: the figures of the proxy, then those of the process, in the format that is asked for.</summary>
internal sealed class MetricsHandler(SliceMeter meter, ProcessMeter process) : IRequestHandler
{
    /// <inheritdoc/>
    public ValueTask HandleAsync(HttpExchange exchange)
    {
        string format = ExpositionFormat.For(exchange.Head.Fields);
        var metrics = meter.Read().Concat(process.Read());
        return ErrorResponder.WriteAsync(
            exchange, 200, format, format == ExpositionFormat.Open ? PrometheusText.FormatOpen(metrics) : PrometheusText.Format(metrics));
    }
}
