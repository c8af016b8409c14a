using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Slice.Benchmarks.Load;

namespace Slice.Benchmarks.Report;

/// <summary>
/// The verb <c>compare</c>: the runs of a results file, held against a list of comparisons, as markdown, JSON and a picture. Whatever the
/// list names and the results do not have is a failure: nothing is left out silently.
/// </summary>
internal static class CompareCommand
{
    // Names of works have × in them, which a reader of the file should see as such.
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.Create(UnicodeRanges.All),
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>
    /// <c>--facts</c> is a file of lines <c>name: value</c>, <c>--ours</c> the beginning of the names of our sides, and <c>--output</c> the
    /// path of the files without their ends. 1 when a comparison failed; a goal that is missed is a result like others.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        string resultsPath = arguments.Required("--results");
        string comparisonsPath = arguments.Required("--comparisons");
        string factsPath = arguments.Required("--facts");
        string ours = arguments.Required("--ours");
        string beside = arguments.Required("--base");
        string output = arguments.Required("--output");
        arguments.RefuseUnknown();

        LoadResult[] runs = [.. File.ReadLines(resultsPath).Select(line => JsonSerializer.Deserialize<LoadResult>(line)!)];
        Outcome[] outcomes = [.. File.ReadLines(comparisonsPath).Select(line => Comparison.Parse(line).Evaluate(runs))];
        (string Name, string Value)[] facts =
        [
            .. File.ReadLines(factsPath).Select(line => line.Split(": ", 2)).Select(pair => (pair[0], pair[1])),
        ];
        bool IsOurs(Outcome outcome) => outcome.Comparison.Side.StartsWith(ours, StringComparison.Ordinal);

        using (var markdown = new StreamWriter(output + ".md"))
        {
            markdown.WriteLine($"# {ours} beside {beside}");
            markdown.WriteLine();
            markdown.WriteLine($"![Ratios and goals]({Path.GetFileName(output)}.svg)");
            markdown.WriteLine();
            OutcomeTable.Write(markdown, [.. outcomes.Where(IsOurs)]);
            if (outcomes.Any(outcome => !IsOurs(outcome)))
            {
                markdown.WriteLine();
                markdown.WriteLine("## Others");
                markdown.WriteLine();
                OutcomeTable.Write(markdown, [.. outcomes.Where(outcome => !IsOurs(outcome))]);
            }

            markdown.WriteLine();
            markdown.WriteLine("## Medians of all runs");
            markdown.WriteLine();
            ReportCommand.WriteMedians(markdown, runs);
            markdown.WriteLine();
            markdown.WriteLine("## Where and how");
            markdown.WriteLine();
            foreach (var (name, value) in facts)
            {
                markdown.WriteLine($"* {name}: {value}");
            }
        }

        File.WriteAllText(output + ".json", JsonSerializer.Serialize(Summary(facts, outcomes), s_json) + "\n");
        File.WriteAllText(output + ".svg", RatioChart.Draw(
            $"{ours} beside {beside}",
            [
                .. outcomes.Where(outcome => IsOurs(outcome)
                    && outcome.Comparison.Base == beside && outcome.Comparison.Kind == ComparisonKind.Ratio),
            ]));
        return outcomes.Any(outcome => outcome.Failure is not null) ? 1 : 0;
    }

    private static object Summary((string Name, string Value)[] facts, Outcome[] outcomes) => new
    {
        facts = facts.ToDictionary(fact => fact.Name, fact => fact.Value),
        comparisons = outcomes.Select(outcome => new
        {
            work = outcome.Comparison.Work,
            measure = outcome.Comparison.Measure.Title,
            side = outcome.Comparison.Side,
            sideMedian = Figure(outcome, outcome.Side),
            @base = outcome.Comparison.Base,
            baseMedian = Figure(outcome, outcome.Base),
            kind = outcome.Comparison.Kind.ToString().ToLowerInvariant(),
            result = Figure(outcome, outcome.Combined),
            least = Figure(outcome, outcome.Least),
            most = Figure(outcome, outcome.Most),
            goal = outcome.Comparison.Goal,
            goalIs = outcome.Comparison.Goal is null ? null : outcome.Comparison.GoalIsMost ? "most" : "least",
            met = outcome.IsMet,
            failure = outcome.Failure,
        }),
    };

    private static double? Figure(Outcome outcome, double value) => outcome.Failure is null ? Math.Round(value, 4) : null;
}
