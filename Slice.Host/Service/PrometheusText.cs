using System.Globalization;
using System.Text;
using Slice.Core.Observability;

namespace Slice.Host.Service;

/// <summary>
/// Writes metrics as text for Prometheus: in its own format 0.0.4, or in OpenMetrics 1.0 for who asks for it. The names of series are the
/// same in both. Pure.
/// </summary>
/// <remarks>
/// OpenMetrics wants every counter to end in <c>_total</c>, and names its family without that ending; a counter of the contract with
/// another name is of unknown type there. A unit is named only where the name of the family ends with it, as OpenMetrics wants it.
/// </remarks>
internal static class PrometheusText
{
    private const string Total = "_total";

    /// <summary>Every metric in the format 0.0.4, with HELP, TYPE, and UNIT as a comment.</summary>
    public static string Format(IEnumerable<MetricReading> metrics) => Format(metrics, isOpen: false);

    /// <summary>Every metric in OpenMetrics 1.0.</summary>
    public static string FormatOpen(IEnumerable<MetricReading> metrics) => Format(metrics, isOpen: true) + "# EOF\n";

    private static string Format(IEnumerable<MetricReading> metrics, bool isOpen)
    {
        var text = new StringBuilder();
        foreach (var metric in metrics)
        {
            AppendDescription(text, metric, isOpen);
            if (metric.Histogram is { } histogram)
            {
                AppendHistogram(text, metric.Instrument.Name, histogram, isOpen);
            }
            else
            {
                AppendSamples(text, metric.Instrument.Name, metric.Samples);
            }
        }

        return text.ToString();
    }

    private static void AppendDescription(StringBuilder text, MetricReading metric, bool isOpen)
    {
        string name = metric.Instrument.Name;
        bool isTotal = name.EndsWith(Total, StringComparison.Ordinal);
        string family = isTotal ? name[..^Total.Length] : name;
        string type = isOpen && metric.Kind == "counter" && !isTotal ? "unknown" : metric.Kind;
        string shown = isOpen ? family : name;
        text.Append("# HELP ").Append(shown).Append(' ').Append(Escape(metric.Instrument.Description ?? "", isOpen)).Append('\n');
        text.Append("# TYPE ").Append(shown).Append(' ').Append(type).Append('\n');
        if (UnitOf(metric) is { } unit && family.EndsWith('_' + unit, StringComparison.Ordinal))
        {
            text.Append("# UNIT ").Append(shown).Append(' ').Append(unit).Append('\n');
        }
    }

    // From UCUM to the words of Prometheus.
    private static string? UnitOf(MetricReading metric) => metric.Instrument.Unit switch
    {
        MeterInstruments.Seconds => "seconds",
        MeterInstruments.Bytes => "bytes",
        _ => null,
    };

    private static void AppendSamples(StringBuilder text, string name, IReadOnlyList<MetricSample> samples)
    {
        foreach (var (labels, number) in samples)
        {
            text.Append(name);
            for (int index = 0; index < labels.Count; index++)
            {
                text.Append(index == 0 ? '{' : ',').Append(labels[index].Key).Append("=\"");
                text.Append(Escape(labels[index].Value, escapesQuotes: true)).Append('"');
            }

            text.Append(labels.Count > 0 ? "} " : " ").Append(Number(number)).Append('\n');
        }
    }

    // Buckets are cumulative. The count is the sum of what was read, so that one scrape agrees with itself.
    private static void AppendHistogram(StringBuilder text, string name, DurationHistogram histogram, bool isOpen)
    {
        long cumulative = 0;
        for (int bucket = 0; bucket <= DurationHistogram.UpperBoundsSeconds.Length; bucket++)
        {
            cumulative += histogram.CountIn(bucket);
            string bound = bucket == DurationHistogram.UpperBoundsSeconds.Length
                ? "+Inf"
                : Bound(DurationHistogram.UpperBoundsSeconds[bucket], isOpen);
            text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{bound}\"}} {cumulative}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"{name}_sum {histogram.Sum.TotalSeconds}\n{name}_count {cumulative}\n");
    }

    // OpenMetrics writes whole numbers with a fraction here, as Go does.
    private static string Bound(double seconds, bool isOpen)
    {
        string bound = Number(seconds);
        return isOpen && double.IsInteger(seconds) ? bound + ".0" : bound;
    }

    private static string Number(double number) =>
        double.IsInfinity(number) ? number > 0 ? "+Inf" : "-Inf" : number.ToString(CultureInfo.InvariantCulture);

    // The older format does not escape quotes in HELP.
    private static string Escape(string text, bool escapesQuotes)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return escapesQuotes ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }
}
