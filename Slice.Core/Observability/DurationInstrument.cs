using System.Diagnostics.Metrics;

namespace Slice.Core.Observability;

/// <summary>A histogram of the meter as those who record see it. Thread-safe; a recording allocates nothing and does not contend.</summary>
public sealed class DurationInstrument
{
    private readonly Histogram<double> _instrument;
    private readonly DurationHistogram _recorded;

    /// <param name="instrument">The instrument, in seconds.</param>
    /// <param name="recorded">What the reader of the meter gathers from it.</param>
    internal DurationInstrument(Histogram<double> instrument, DurationHistogram recorded) =>
        (_instrument, _recorded) = (instrument, recorded);

    /// <summary>Mean duration in milliseconds; 0 before the first recording.</summary>
    public double MeanMs => _recorded.MeanMs;

    /// <summary>Records one duration.</summary>
    public void Record(TimeSpan duration) => _instrument.Record(duration.TotalSeconds);
}
