namespace Slice.Benchmarks.Report;

/// <summary>Outcomes as a table of markdown.</summary>
internal static class OutcomeTable
{
    public static void Write(TextWriter writer, IReadOnlyList<Outcome> outcomes)
    {
        writer.WriteLine("| work | measure | server | its median | beside | its median | result | rounds from – to | goal | |");
        writer.WriteLine("| --- | --- | --- | --: | --- | --: | --: | --: | --: | --- |");
        foreach (Outcome outcome in outcomes)
        {
            var (work, measure, side, other, kind, _, _) = outcome.Comparison;
            string beginning = $"| {work} | {measure.Title} | {side} |";
            string beside = kind == ComparisonKind.Value ? "" : other;
            if (outcome.Failure is { } failure)
            {
                writer.WriteLine($"{beginning} | {beside} | | | | {outcome.GoalText} | **FAILED**: {failure.Replace('|', '/')} |");
                continue;
            }

            string theirs = kind == ComparisonKind.Value ? "" : outcome.Figure(outcome.Base);
            string goal = outcome.IsMet == false ? $"**{outcome.Verdict}**" : outcome.Verdict;
            writer.WriteLine(
                $"{beginning} {outcome.Figure(outcome.Side)} | {beside} | {theirs} | {outcome.Result(outcome.Combined)} | "
                + $"{outcome.Result(outcome.Least)} – {outcome.Result(outcome.Most)} | {outcome.GoalText} | {goal} |");
        }
    }
}
