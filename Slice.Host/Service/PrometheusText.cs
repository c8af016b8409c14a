using System.Globalization;
using System.Text;
using Slice.Core.Observability;

namespace Slice.Host.Service;

/// <summary>Writes metrics in Prometheus' text exposition format 0.0.4. Pure.</summary>
internal static class PrometheusText
{
    /// <summary>The media type of the format.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>All instruments, each with HELP and TYPE.</summary>
    public static string Format(IReadOnlyList<Instrument> instruments)
    {
        var text = new StringBuilder();
        foreach (var instrument in instruments)
        {
            text.Append("# HELP ").Append(instrument.Name).Append(' ').Append(instrument.Help).Append('\n');
            text.Append("# TYPE ").Append(instrument.Name).Append(' ').Append(TypeOf(instrument.Kind)).Append('\n');
            AppendSamples(text, instrument);
        }

        return text.ToString();
    }

    private static string TypeOf(InstrumentKind kind) => kind switch
    {
        InstrumentKind.Counter => "counter",
        InstrumentKind.Gauge => "gauge",
        _ => "histogram",
    };

    private static void AppendSamples(StringBuilder text, Instrument instrument)
    {
        if (instrument.Histogram is { } histogram)
        {
            AppendHistogram(text, instrument.Name, histogram);
        }
        else if (instrument.LabelledValues is { } labelled)
        {
            foreach (var (label, value) in labelled())
            {
                text.Append(CultureInfo.InvariantCulture, $"{instrument.Name}{{{instrument.LabelName}=\"{label}\"}} {value}\n");
            }
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"{instrument.Name} {instrument.Value!()}\n");
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
