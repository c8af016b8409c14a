using System.Diagnostics.Metrics;

namespace Slice.Core.Observability;

/// <summary>
/// A histogram of the meter as those who record see it. Thread-safe; a recording allocates nothing.
/// </summary>
/// <remarks>
/// What is shown is counted here: the way through the instrument and its listeners costs more than the count itself. The instrument is
/// there for its name, and for a listener of somebody else.
/// </remarks>
public sealed class DurationInstrument
{
    private readonly Histogram<double> _instrument;

    /// <param name="instrument">The instrument, in seconds.</param>
    /// <param name="sheet">Where it is counted.</param>
    internal DurationInstrument(Histogram<double> instrument, CounterSheet sheet) =>
        (_instrument, Recorded) = (instrument, new DurationHistogram(sheet));

    /// <summary>What was recorded. Whoever records here by an entry of the sheet calls <see cref="Tell"/> afterwards.</summary>
    public DurationHistogram Recorded { get; }

    /// <summary>Records one duration.</summary>
    public void Record(TimeSpan duration)
    {
        Recorded.Record(duration);
        Tell(duration);
    }

    /// <summary>
    /// Tells a listener of somebody else about a duration that an entry of the sheet has recorded. After the entry: what a listener does
    /// may take long.
    /// </summary>
    public void Tell(TimeSpan duration)
    {
        if (_instrument.Enabled)
        {
            _instrument.Record(duration.TotalSeconds);
        }
    }
}
