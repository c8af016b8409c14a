namespace Slice.Core.Observability;

/// <summary>How a metric behaves, in Prometheus' terms.</summary>
public enum InstrumentKind
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counts per bucket, sum and count.</summary>
    Histogram,
}
