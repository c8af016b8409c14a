using System.Diagnostics.Metrics;

namespace Slice.Core.Observability;

/// <summary>
/// Reads the instruments of one <see cref="Meter"/>, and of no other of its name: takes what histograms have counted from where they count
/// (<see cref="Count"/>), and asks the other instruments when it is read. Thread-safe.
/// </summary>
internal sealed class MeterReader : IDisposable
{
    private readonly Meter _meter;
    private readonly MeterListener _listener = new();
    private readonly Lock _reading = new();

    // In the order of publication. What an instrument tells during a reading goes where its entry says, under the lock.
    private readonly List<Entry> _entries = [];

    /// <summary>Listens to what <paramref name="meter"/> publishes from now on.</summary>
    public MeterReader(Meter meter)
    {
        _meter = meter;
        _listener.InstrumentPublished = OnPublished;
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => OnMeasured((Entry)state!, value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => OnMeasured((Entry)state!, value, tags));
        _listener.Start();
    }

    /// <summary>Where a histogram of the meter is counted from now on.</summary>
    public DurationInstrument Count(Histogram<double> instrument, CounterSheet sheet)
    {
        var counted = new DurationInstrument(instrument, sheet);
        lock (_reading)
        {
            _entries.First(entry => ReferenceEquals(entry.Instrument, instrument)).Histogram = counted.Recorded;
        }

        return counted;
    }

    /// <summary>Every metric of the meter with its values now, in the order in which they were made.</summary>
    public IReadOnlyList<MetricReading> Read()
    {
        lock (_reading)
        {
            _entries.ForEach(static entry => entry.Samples.Clear());
            _listener.RecordObservableInstruments();
            return [.. _entries.Select(entry => new MetricReading(entry.Instrument, [.. entry.Samples], entry.Histogram))];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private void OnPublished(Instrument instrument, MeterListener listener)
    {
        // Another instance in this process has a meter of the same name.
        if (!ReferenceEquals(instrument.Meter, _meter))
        {
            return;
        }

        var entry = new Entry(instrument);
        lock (_reading)
        {
            _entries.Add(entry);
        }

        // A histogram is counted where it is recorded: then recordings do not come by here.
        if (instrument.IsObservable)
        {
            listener.EnableMeasurementEvents(instrument, entry);
        }
    }

    private static void OnMeasured(Entry entry, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        KeyValuePair<string, string>[] labels = [.. tags.ToArray().Select(tag => KeyValuePair.Create(tag.Key, tag.Value as string ?? ""))];
        entry.Samples.Add(new MetricSample(labels, value));
    }

    private sealed record Entry(Instrument Instrument)
    {
        public DurationHistogram? Histogram { get; set; }

        public List<MetricSample> Samples { get; } = [];
    }
}
