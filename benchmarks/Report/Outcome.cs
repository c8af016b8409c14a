using System.Globalization;

namespace Slice.Benchmarks.Report;

/// <summary>
/// A comparison with its figures: the medians of both sides, what they come to, the least and the most of the single rounds, and whether
/// the goal is met (null without a goal). With a failure there are no figures.
/// </summary>
internal sealed record Outcome(
    Comparison Comparison, double Side, double Base, double Combined, double Least, double Most, bool? IsMet, string? Failure)
{
    /// <summary>The verdict for people.</summary>
    public string Verdict => Failure is not null ? "FAILED" : IsMet switch { true => "met", false => "missed", null => "" };

    /// <summary>The goal for people, empty without one.</summary>
    public string GoalText => Comparison.Goal is { } goal
        ? string.Create(CultureInfo.InvariantCulture, $"{(Comparison.GoalIsMost ? '≤' : '≥')} {goal:0.##}{Unit}")
        : "";

    // A ratio has none.
    private string Unit => Comparison.Kind == ComparisonKind.Ratio ? "" : " " + Comparison.Measure.Title.Split(' ')[^1];

    public static Outcome Failed(Comparison comparison, string reason) => new(comparison, 0, 0, 0, 0, 0, null, reason);

    /// <summary>A figure of the sides themselves.</summary>
    public string Figure(double value) => value.ToString(Comparison.Measure.Format, CultureInfo.InvariantCulture);

    /// <summary>A figure that both sides come to.</summary>
    public string Result(double value) => Comparison.Kind == ComparisonKind.Ratio
        ? value.ToString("F2", CultureInfo.InvariantCulture)
        : Figure(value) + Unit;
}
