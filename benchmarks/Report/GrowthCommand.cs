using System.Globalization;
using System.Text;

namespace Slice.Benchmarks.Report;

/// <summary>The verb <c>growth</c>: a record of how figures grow, as a page with tables and a picture.</summary>
internal static class GrowthCommand
{
    /// <summary>
    /// Reads <c>--points</c> (<see cref="GrowthSeries.Read"/>) and <c>--facts</c>, lines about the machine, and writes <c>--output</c> with
    /// the endings <c>.md</c> and <c>.svg</c>.
    /// </summary>
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        var series = GrowthSeries.Read(File.ReadLines(arguments.Required("--points")));
        string facts = File.ReadAllText(arguments.Required("--facts"));
        string output = arguments.Required("--output");
        arguments.RefuseUnknown();

        const string Title = "How pingora-slice grows";
        var page = new StringBuilder();
        page.Append(CultureInfo.InvariantCulture, $"# {Title}\n\n{facts.TrimEnd()}\n\n![{Title}]({Path.GetFileName(output)}.svg)\n\n");
        page.Append(
            "Both axes of each panel are logarithmic; the dashed line is what grows in proportion. \"Power\" is that of the size by which "
            + "a figure grows from the first size to the last: 0 is not at all, 1 is in proportion.\n");
        foreach (var axis in series.GroupBy(one => one.Axis))
        {
            AppendTable(page, axis.Key, [.. axis]);
        }

        File.WriteAllText(output + ".md", page.ToString());
        File.WriteAllText(output + ".svg", GrowthChart.Draw(Title, series));
        return 0;
    }

    private static void AppendTable(StringBuilder page, string axis, GrowthSeries[] series)
    {
        double[] sizes = [.. series.SelectMany(one => one.Points).Select(point => point.Size).Distinct().Order()];
        page.Append(CultureInfo.InvariantCulture, $"\n| {axis} | {string.Join(" | ", sizes.Select(GrowthSeries.Text))} | power |\n");
        page.Append(CultureInfo.InvariantCulture, $"| --- |{string.Concat(sizes.Select(_ => " --: |"))} --: |\n");
        foreach (var one in series)
        {
            var values = one.Points.ToDictionary(point => point.Size, point => GrowthSeries.Text(point.Value));
            var cells = sizes.Select(size => values.GetValueOrDefault(size, ""));
            string power = double.IsFinite(one.Exponent) ? one.Exponent.ToString("0.00", CultureInfo.InvariantCulture) : "–";
            page.Append(CultureInfo.InvariantCulture, $"| {one.Title} | {string.Join(" | ", cells)} | {power} |\n");
        }
    }
}
