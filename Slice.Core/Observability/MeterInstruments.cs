using System.Diagnostics.Metrics;

namespace Slice.Core.Observability;

/// <summary>
/// Makes the instruments of one <see cref="Meter"/> and reads them, in the order in which they were made. Making is for one thread, reading
/// for any.
/// </summary>
internal sealed class MeterInstruments : IDisposable
{
    // Units as UCUM writes them: what is counted stands in braces, and a yes or no is a number without a unit.
    public const string OfRequests = "{request}";
    public const string OfSlices = "{slice}";
    public const string OfObjects = "{object}";
    public const string OfConnections = "{connection}";
    public const string Bytes = "By";
    public const string Seconds = "s";
    public const string Percent = "%";
    public const string Milliseconds = "ms";
    public const string YesOrNo = "1";

    private readonly Meter _meter;
    private readonly MeterReader _reader;
    private readonly string _prefix;

    /// <summary>A meter without instruments.</summary>
    /// <param name="meterName">Name of the meter.</param>
    /// <param name="prefix">What the name of each instrument begins with.</param>
    public MeterInstruments(string meterName, string prefix)
    {
        _meter = new Meter(meterName);
        _prefix = prefix;

        // It listens before the first instrument is made, so that the order of making is the order of the exposition.
        _reader = new MeterReader(_meter);
    }

    /// <summary>A counter in a sheet.</summary>
    public void Count(string name, string unit, string help, StripedCounter counter) => Count(name, unit, help, () => counter.Value);

    /// <summary>A counter that is asked for its value.</summary>
    public void Count(string name, string unit, string help, Func<long> read) =>
        _meter.CreateObservableCounter(_prefix + name, read, unit, help);

    /// <summary>A counter with a fraction, seconds for instance.</summary>
    public void CountReal(string name, string unit, string help, Func<double> read) =>
        _meter.CreateObservableCounter(_prefix + name, read, unit, help);

    /// <summary>A counter for each value of a label.</summary>
    public void Count(string name, string unit, string help, string label, Func<IEnumerable<KeyValuePair<string, long>>> read) =>
        _meter.CreateObservableCounter(_prefix + name, () => Labelled(label, read()), unit, help);

    /// <summary>A counter with values that are told as they are; with none while there are none.</summary>
    public void Count(string name, string unit, string help, Func<IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableCounter(_prefix + name, read, unit, help);

    /// <summary>A gauge.</summary>
    public void Show(string name, string unit, string help, Func<double> read) =>
        _meter.CreateObservableGauge(_prefix + name, read, unit, help);

    /// <summary>A gauge for each value of a label.</summary>
    public void Show(string name, string unit, string help, string label, Func<IEnumerable<KeyValuePair<string, long>>> read) =>
        _meter.CreateObservableGauge(_prefix + name, () => Labelled(label, read()), unit, help);

    /// <summary>A gauge with values that are told as they are; with none while there are none.</summary>
    public void Show(string name, string unit, string help, Func<IEnumerable<Measurement<long>>> read) =>
        _meter.CreateObservableGauge(_prefix + name, read, unit, help);

    /// <summary>A histogram of durations.</summary>
    public DurationInstrument Time(string name, string help, CounterSheet sheet) =>
        _reader.Count(_meter.CreateHistogram<double>(_prefix + name, Seconds, help), sheet);

    /// <summary>Every metric with its values now.</summary>
    public IReadOnlyList<MetricReading> Read() => _reader.Read();

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _meter.Dispose();
    }

    private static IEnumerable<Measurement<long>> Labelled(string label, IEnumerable<KeyValuePair<string, long>> values) =>
        values.Select(pair => new Measurement<long>(pair.Value, KeyValuePair.Create(label, (object?)pair.Key)));
}
