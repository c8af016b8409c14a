namespace Slice.Core.Observability;

/// <summary>One value of a metric when it was read.</summary>
/// <param name="LabelName">Name of its label; null without.</param>
/// <param name="LabelValue">Value of its label; null without.</param>
/// <param name="Value">The value, in the unit of the instrument.</param>
public readonly record struct MetricSample(string? LabelName, string? LabelValue, double Value);
