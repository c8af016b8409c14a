namespace Slice.Core.Observability;

/// <summary>One value of a metric when it was read.</summary>
/// <param name="Labels">Names and values of its labels; empty without.</param>
/// <param name="Value">The value, in the unit of the instrument.</param>
public readonly record struct MetricSample(IReadOnlyList<KeyValuePair<string, string>> Labels, double Value);
