namespace Slice.Core.Observability;

/// <summary>One metric as it is published. Immutable; reading its value is thread-safe.</summary>
/// <param name="Name">Full name; a contract with dashboards and alerts.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Help">One sentence for people.</param>
public sealed record Instrument(string Name, InstrumentKind Kind, string Help)
{
    /// <summary>The value, for counters and gauges without labels.</summary>
    public Func<double>? Value { get; init; }

    /// <summary>Name of the one label, when <see cref="LabelledValues"/> is set.</summary>
    public string? LabelName { get; init; }

    /// <summary>Values by label value.</summary>
    public Func<IEnumerable<KeyValuePair<string, long>>>? LabelledValues { get; init; }

    /// <summary>The histogram, for <see cref="InstrumentKind.Histogram"/>.</summary>
    public DurationHistogram? Histogram { get; init; }
}
