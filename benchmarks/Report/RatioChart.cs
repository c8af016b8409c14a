namespace Slice.Benchmarks.Report;

/// <summary>
/// Ratios as horizontal bars in an SVG picture: one panel for measures of which less is better, one for those of which more is better. A
/// line marks 1, where both sides are equal, and a tick the goal. The picture says met and missed in words, not in colors alone.
/// </summary>
internal static class RatioChart
{
    private const int WidthPixels = 990;
    private const int LabelPixels = 470;
    private const int BarPixels = 330;
    private const int RowPixels = 22;
    private const int FontPixels = 12;
    private const int HeadPixels = 62;
    private const int GapPixels = 42;

    // A bar longer than this many times 1 or the goal is cut; its figure is beside it.
    private const double Longest = 2;

    /// <summary>The picture; failures are in it by name.</summary>
    public static string Draw(string title, IReadOnlyList<Outcome> outcomes)
    {
        Outcome[] lower = [.. outcomes.Where(outcome => outcome.Comparison.Measure.IsLowerBetter)];
        Outcome[] higher = [.. outcomes.Where(outcome => !outcome.Comparison.Measure.IsLowerBetter)];
        int height = HeadPixels + (outcomes.Count * RowPixels) + (2 * GapPixels);
        var picture = new Picture(title, WidthPixels, height, FontPixels);
        int y = Panel(picture, 48, "Ratio, less is better", lower);
        Panel(picture, y, "Ratio, more is better", higher);
        return picture.ToString();
    }

    private static int Panel(Picture picture, int top, string title, Outcome[] outcomes)
    {
        if (outcomes.Length == 0)
        {
            return top;
        }

        double most = outcomes.Max(outcome => Math.Max(
            outcome.Comparison.Goal ?? 1, Math.Min(outcome.Combined, Longest * Math.Max(1, outcome.Comparison.Goal ?? 1))));
        double scale = BarPixels / (1.05 * Math.Max(1, most));
        int first = top + 12;
        int bottom = first + (outcomes.Length * RowPixels);
        picture.Append($"""
            <text x="16" y="{top}" font-weight="600">{title}</text>
            <line x1="{LabelPixels + scale:F1}" y1="{first - 4}" x2="{LabelPixels + scale:F1}" y2="{bottom}"
             stroke="#8c959f" stroke-dasharray="3 3"/>
            <text x="{LabelPixels + scale:F1}" y="{first - 7}" text-anchor="middle" fill="#57606a">1</text>
            """);
        foreach (var (index, outcome) in outcomes.Index())
        {
            Row(picture, first + (index * RowPixels), scale, outcome);
        }

        return bottom + GapPixels;
    }

    private static void Row(Picture picture, int top, double scale, Outcome outcome)
    {
        // One side of ours may take part in several ways, as "pingora-slice, 8 in flight".
        string side = outcome.Comparison.Side;
        string way = side.Contains(',', StringComparison.Ordinal) ? side[side.IndexOf(',', StringComparison.Ordinal)..] : "";
        string label = Picture.Escape($"{outcome.Comparison.Work}{way}, {outcome.Comparison.Measure.Title}");
        int baseline = top + 14;
        picture.Append($"""<text x="{LabelPixels - 8}" y="{baseline}" text-anchor="end">{label}</text>""");
        if (outcome.Failure is not null)
        {
            picture.Append($"""<text x="{LabelPixels + 4}" y="{baseline}" fill="#a40e26" font-weight="600">failed</text>""");
            return;
        }

        double length = Math.Min(outcome.Combined * scale, BarPixels);
        string color = outcome.IsMet switch { true => "#2da44e", false => "#d1690f", null => "#6e7f91" };
        picture.Append($"""<rect x="{LabelPixels}" y="{top + 3}" width="{length:F1}" height="{RowPixels - 7}" fill="{color}"/>""");
        if (outcome.Comparison.Goal is { } goal)
        {
            double x = LabelPixels + (goal * scale);
            int bottom = top + RowPixels - 2;
            picture.Append($"""<line x1="{x:F1}" y1="{top}" x2="{x:F1}" y2="{bottom}" stroke="#24292f" stroke-width="2.5"/>""");
        }

        string verdict = outcome.IsMet is null ? "" : $" ({outcome.GoalText}: {outcome.Verdict})";
        picture.Append($"""<text x="{LabelPixels + BarPixels + 10}" y="{baseline}">{outcome.Result(outcome.Combined)}{verdict}</text>""");
    }
}
