using System.Globalization;

namespace Slice.Benchmarks.Report;

/// <summary>
/// Figures over what grows, in an SVG picture: a panel for each, both axes logarithmic, so that a straight line is a power. A dashed line
/// through the first point is what grows in proportion.
/// </summary>
internal static class GrowthChart
{
    private const int Columns = 3;
    private const int PanelWidth = 330;
    private const int PanelHeight = 220;
    private const int FontPixels = 11;
    private const int HeadPixels = 44;
    private const int LeftPixels = 56;
    private const int RightPixels = 20;
    private const int TopPixels = 40;
    private const int BottomPixels = 42;

    // A figure that hardly moves is to look flat: an axis has at least one power of ten.
    private const double LeastDecades = 1;

    /// <summary>The picture.</summary>
    public static string Draw(string title, IReadOnlyList<GrowthSeries> series)
    {
        int width = Columns * PanelWidth;
        int height = HeadPixels + ((series.Count + Columns - 1) / Columns * PanelHeight);
        var picture = new Picture(title, width, height, FontPixels);
        foreach (var (index, one) in series.Index())
        {
            Panel(picture, index % Columns * PanelWidth, HeadPixels + (index / Columns * PanelHeight), one);
        }

        return picture.ToString();
    }

    private static void Panel(Picture picture, int left, int top, GrowthSeries series)
    {
        var sizes = new Axis(series.Points.Select(point => point.Size), left + LeftPixels, left + PanelWidth - RightPixels);
        var values = new Axis(series.Points.Select(point => point.Value), top + PanelHeight - BottomPixels, top + TopPixels);
        picture.Append($"""
            <text x="{left + 16}" y="{top + 22}" font-weight="600">{Picture.Escape(series.Title)}</text>
            <line x1="{sizes.From}" y1="{values.From}" x2="{sizes.To}" y2="{values.From}" stroke="#8c959f"/>
            <line x1="{sizes.From}" y1="{values.From}" x2="{sizes.From}" y2="{values.To}" stroke="#8c959f"/>
            <text x="{(sizes.From + sizes.To) / 2}" y="{values.From + 32}" text-anchor="middle"
             fill="#57606a">{Picture.Escape(series.Axis)}</text>
            """);
        Proportion(picture, sizes, values, series.Points[0]);
        string line = string.Join(' ', series.Points.Select(point => Invariant($"{sizes.At(point.Size):F1},{values.At(point.Value):F1}")));
        picture.Append($"""<polyline points="{line}" fill="none" stroke="#0969da" stroke-width="2"/>""");
        foreach (var (size, value) in series.Points)
        {
            picture.Append($"""
                <circle cx="{sizes.At(size):F1}" cy="{values.At(value):F1}" r="3" fill="#0969da"/>
                <text x="{sizes.At(size):F1}" y="{values.At(value) - 7:F1}" text-anchor="middle">{GrowthSeries.Text(value)}</text>
                <text x="{sizes.At(size):F1}" y="{values.From + 15}" text-anchor="middle" fill="#57606a">{GrowthSeries.Text(size)}</text>
                """);
        }
    }

    private static void Proportion(Picture picture, Axis sizes, Axis values, (double Size, double Value) first)
    {
        if (first.Value <= 0)
        {
            return;
        }

        double growth = Math.Min(sizes.Last / first.Size, values.Last / first.Value);
        picture.Append($"""
            <line x1="{sizes.At(first.Size):F1}" y1="{values.At(first.Value):F1}" x2="{sizes.At(first.Size * growth):F1}"
             y2="{values.At(first.Value * growth):F1}" stroke="#8c959f" stroke-dasharray="3 3"/>
            """);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // From the least to the most, from one place of the picture to another. What is 0 is drawn where the least of the others is.
    private sealed class Axis
    {
        private readonly double _least;
        private readonly double _decades;

        public Axis(IEnumerable<double> values, int from, int to)
        {
            (From, To) = (from, to);
            double[] positive = [.. values.Where(value => value > 0).DefaultIfEmpty(1)];
            _least = positive.Min();
            _decades = Math.Max(LeastDecades, Math.Log10(positive.Max() / _least));
        }

        public int From { get; }

        public int To { get; }

        public double Last => _least * Math.Pow(10, _decades);

        public double At(double value) => From + ((To - From) * Math.Log10(Math.Max(value, _least) / _least) / _decades);
    }
}
