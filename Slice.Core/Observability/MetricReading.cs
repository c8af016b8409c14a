using System.Diagnostics.Metrics;

namespace Slice.Core.Observability;

/// <summary>One metric when it was read.</summary>
/// <param name="Instrument">Name, kind, unit and description.</param>
/// <param name="Samples">Its values in the order in which they were told; empty for a histogram, and while nobody has told any.</param>
/// <param name="Histogram">What a histogram has recorded so far, and goes on recording; null for other kinds.</param>
public sealed record MetricReading(Instrument Instrument, IReadOnlyList<MetricSample> Samples, DurationHistogram? Histogram)
{
    /// <summary>Its kind in Prometheus' words: <c>counter</c>, <c>gauge</c> or <c>histogram</c>.</summary>
    public string Kind => Histogram is not null ? "histogram"
        : Instrument is ObservableCounter<long> or ObservableCounter<double> ? "counter"
        : "gauge";
}
