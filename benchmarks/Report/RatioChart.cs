using System.Globalization;
using System.Security;
using System.Text;

namespace Slice.Benchmarks.Report;

/// <summary>
/// Ratios as horizontal bars in an SVG picture: one panel for measures of which less is better, one for those of which more is better. A
/// line marks 1, where both sides are equal, and a tick the goal. The picture has a ground of its own, so that a dark page does not
/// swallow its text, and says met and missed in words, not in colors alone.
/// </summary>
internal static class RatioChart
{
    private const int WidthPixels = 990;
    private const int LabelPixels = 470;
    private const int BarPixels = 330;
    private const int RowPixels = 22;
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
        var svg = new StringBuilder();
        Append(svg, $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{WidthPixels}" height="{height}" viewBox="0 0 {WidthPixels} {height}" role="img"
             font-family="system-ui, sans-serif" font-size="12" fill="#24292f">
            <title>{SecurityElement.Escape(title)}</title>
            <rect x="0.5" y="0.5" width="{WidthPixels - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="#8c959f"/>
            <text x="16" y="26" font-size="16" font-weight="600">{SecurityElement.Escape(title)}</text>
            """);
        int y = Panel(svg, 48, "Ratio, less is better", lower);
        Panel(svg, y, "Ratio, more is better", higher);
        svg.Append("</svg>\n");
        return svg.ToString();
    }

    private static int Panel(StringBuilder svg, int top, string title, Outcome[] outcomes)
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
        Append(svg, $"""
            <text x="16" y="{top}" font-weight="600">{title}</text>
            <line x1="{LabelPixels + scale:F1}" y1="{first - 4}" x2="{LabelPixels + scale:F1}" y2="{bottom}"
             stroke="#8c959f" stroke-dasharray="3 3"/>
            <text x="{LabelPixels + scale:F1}" y="{first - 7}" text-anchor="middle" fill="#57606a">1</text>
            """);
        foreach (var (index, outcome) in outcomes.Index())
        {
            Row(svg, first + (index * RowPixels), scale, outcome);
        }

        return bottom + GapPixels;
    }

    private static void Row(StringBuilder svg, int top, double scale, Outcome outcome)
    {
        // One side of ours may take part in several ways, as "pingora-slice, 8 in flight".
        string side = outcome.Comparison.Side;
        string way = side.Contains(',', StringComparison.Ordinal) ? side[side.IndexOf(',', StringComparison.Ordinal)..] : "";
        string label = SecurityElement.Escape($"{outcome.Comparison.Work}{way}, {outcome.Comparison.Measure.Title}");
        int baseline = top + 14;
        Append(svg, $"""<text x="{LabelPixels - 8}" y="{baseline}" text-anchor="end">{label}</text>""");
        if (outcome.Failure is not null)
        {
            Append(svg, $"""<text x="{LabelPixels + 4}" y="{baseline}" fill="#a40e26" font-weight="600">failed</text>""");
            return;
        }

        double length = Math.Min(outcome.Combined * scale, BarPixels);
        string color = outcome.IsMet switch { true => "#2da44e", false => "#d1690f", null => "#6e7f91" };
        Append(svg, $"""<rect x="{LabelPixels}" y="{top + 3}" width="{length:F1}" height="{RowPixels - 7}" fill="{color}"/>""");
        if (outcome.Comparison.Goal is { } goal)
        {
            double x = LabelPixels + (goal * scale);
            Append(svg, $"""<line x1="{x:F1}" y1="{top}" x2="{x:F1}" y2="{top + RowPixels - 2}" stroke="#24292f" stroke-width="2.5"/>""");
        }

        string verdict = outcome.IsMet is null ? "" : $" ({outcome.GoalText}: {outcome.Verdict})";
        Append(svg, $"""<text x="{LabelPixels + BarPixels + 10}" y="{baseline}">{outcome.Result(outcome.Combined)}{verdict}</text>""");
    }

    // Figures with a point whatever the language of the machine is.
    private static void Append(StringBuilder svg, FormattableString text) =>
        svg.Append(text.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
