using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Slice.Core.Observability;

namespace Slice.Host.Service;

/// <summary>Writes metrics in Prometheus' text exposition format 0.0.4. Pure.</summary>
internal static class PrometheusText
{
    /// <summary>The media type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Every metric, with HELP and TYPE.</summary>
    public static string Format(IReadOnlyList<MetricReading> metrics)
    {
        var text = new StringBuilder();
        foreach (var metric in metrics)
        {
            string name = metric.Instrument.Name;
            text.Append("# HELP ").Append(name).Append(' ').Append(metric.Instrument.Description).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(TypeOf(metric.Instrument)).Append('\n');
            if (metric.Histogram is { } histogram)
            {
                AppendHistogram(text, name, histogram);
            }
            else
            {
                AppendSamples(text, name, metric.Samples);
            }
        }

        return text.ToString();
    }

    private static string TypeOf(Instrument instrument) => instrument switch
    {
        ObservableCounter<long> => "counter",
        Histogram<double> => "histogram",
        _ => "gauge",
    };

    private static void AppendSamples(StringBuilder text, string name, IReadOnlyList<MetricSample> samples)
    {
        foreach (var (label, value, number) in samples)
        {
            text.Append(name);
            if (label is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"{{{label}=\"{value}\"}}");
            }

            text.Append(CultureInfo.InvariantCulture, $" {number}\n");
        }
    }

    // Buckets are cumulative. The count is the sum of what was read, so that one scrape agrees with itself.
    private static void AppendHistogram(StringBuilder text, string name, DurationHistogram histogram)
    {
        long cumulative = 0;
        for (int bucket = 0; bucket <= DurationHistogram.UpperBoundsSeconds.Length; bucket++)
        {
            cumulative += histogram.CountIn(bucket);
            string bound = bucket == DurationHistogram.UpperBoundsSeconds.Length
                ? "+Inf"
                : DurationHistogram.UpperBoundsSeconds[bucket].ToString(CultureInfo.InvariantCulture);
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{bound}\"}} {cumulative}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_sum {histogram.Sum.TotalSeconds}\n{name}_count {cumulative}\n");
    }
}
