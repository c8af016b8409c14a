using System.Globalization;
using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Report;

/// <summary>How the figures of two sides become one.</summary>
internal enum ComparisonKind
{
    /// <summary>The side's divided by the other's.</summary>
    Ratio,

    /// <summary>The side's less the other's.</summary>
    Difference,

    /// <summary>The side's alone.</summary>
    Value,
}

/// <summary>
/// One measure of one work, of a side and of the one that it stands beside, and the goal, if there is one. The n-th run of the one
/// belongs to the n-th run of the other.
/// </summary>
internal sealed record Comparison(
    string Work, Measure Measure, string Side, string Base, ComparisonKind Kind, bool GoalIsMost, double? Goal)
{
    private const int Fields = 6;

    /// <summary>
    /// One line: work, measure, side, base, kind, and a goal such as <c>&lt;=0.65</c> or <c>&gt;=2</c>, or <c>-</c>, with tabs between
    /// them. Throws <see cref="ArgumentException"/> for anything else.
    /// </summary>
    public static Comparison Parse(string line)
    {
        string[] fields = line.Split('\t');
        if (fields.Length != Fields || !Enum.TryParse(fields[4], ignoreCase: true, out ComparisonKind kind))
        {
            throw new ArgumentException($"not a comparison: '{line}'");
        }

        string goal = fields[5];
        return goal == "-" || goal.StartsWith("<=", StringComparison.Ordinal) || goal.StartsWith(">=", StringComparison.Ordinal)
            ? new(
                fields[0], Measure.Named(fields[1]), fields[2], fields[3], kind, goal[0] == '<',
                goal == "-" ? null : Arguments.ParseReal("goal", goal[2..]))
            : throw new ArgumentException($"not a goal: '{goal}'");
    }

    /// <summary>What the runs say.</summary>
    public Outcome Evaluate(IReadOnlyList<LoadResult> runs)
    {
        LoadResult[] ours = [.. runs.Where(run => run.Work == Work && run.Side == Side)];
        LoadResult[] others = Kind == ComparisonKind.Value ? ours : [.. runs.Where(run => run.Work == Work && run.Side == Base)];
        if (ours.Concat(others).FirstOrDefault(run => run.Failure is not null) is { } failed)
        {
            return Outcome.Failed(this, $"{failed.Side}: {failed.Failure}");
        }

        if (ours.Length == 0 || ours.Length != others.Length)
        {
            return Outcome.Failed(this, $"{ours.Length} runs of {Side}, {others.Length} of {Base}");
        }

        double side = Medians.Of(ours, Measure.Of);
        double other = Medians.Of(others, Measure.Of);
        double[] rounds = [.. ours.Zip(others, (first, second) => Combine(Measure.Of(first), Measure.Of(second))).Order()];
        double combined = Combine(side, other);
        return double.IsFinite(combined) && rounds.All(double.IsFinite)
            ? new(this, side, other, combined, rounds[0], rounds[^1], Reaches(combined), null)
            : Outcome.Failed(this, $"{Base}: {other.ToString(Measure.Format, CultureInfo.InvariantCulture)} is too little to compare with");
    }

    private double Combine(double side, double other) => Kind switch
    {
        ComparisonKind.Ratio => side / other,
        ComparisonKind.Difference => side - other,
        _ => side,
    };

    private bool? Reaches(double combined) => Goal is null ? null : GoalIsMost ? combined <= Goal : combined >= Goal;
}
