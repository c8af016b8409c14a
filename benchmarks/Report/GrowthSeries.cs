using System.Globalization;

namespace Slice.Benchmarks.Report;

/// <summary>One figure over something that grows: the medians of what was measured at each size, by size.</summary>
/// <param name="Axis">What grows.</param>
/// <param name="Title">The figure, with its unit.</param>
/// <param name="Points">Size and figure.</param>
internal sealed record GrowthSeries(string Axis, string Title, IReadOnlyList<(double Size, double Value)> Points)
{
    /// <summary>
    /// By which power of the size the figure grows between the first size and the last: 0 for not at all, 1 for in proportion. Not a number
    /// where a figure is 0, or there is one size.
    /// </summary>
    public double Exponent =>
        Math.Log(Points[^1].Value / Points[0].Value) / Math.Log(Points[^1].Size / Points[0].Size);

    /// <summary>
    /// Reads lines of four fields with tabs between them, axis, title, size and figure, in the order of their series. Throws
    /// <see cref="FormatException"/> on others.
    /// </summary>
    public static IReadOnlyList<GrowthSeries> Read(IEnumerable<string> lines) =>
    [
        .. lines.Select(line => line.Split('\t'))
            .Select(fields => fields.Length == 4 ? fields : throw new FormatException($"not four fields: {string.Join(' ', fields)}"))
            .GroupBy(fields => (Axis: fields[0], Title: fields[1]))
            .Select(series => new GrowthSeries(
                series.Key.Axis,
                series.Key.Title,
                [
                    .. series.GroupBy(fields => Number(fields[2]), fields => Number(fields[3]))
                        .OrderBy(size => size.Key)
                        .Select(size => (size.Key, Medians.Of(size))),
                ])),
    ];

    /// <summary>A figure for people, with three digits that count.</summary>
    public static string Text(double value) => value switch
    {
        >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.#", CultureInfo.InvariantCulture),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };

    private static double Number(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}
