using System.Globalization;
using System.Security;
using System.Text;

namespace Slice.Benchmarks.Report;

/// <summary>
/// An SVG picture with a title. The picture has a ground of its own, so that a dark page does not swallow its text. Not thread-safe.
/// </summary>
internal sealed class Picture
{
    private readonly StringBuilder _svg = new();

    /// <summary>A picture with nothing but its title.</summary>
    /// <param name="title">The title.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="fontSize">Pixels, of what does not say otherwise.</param>
    public Picture(string title, int width, int height, int fontSize) => Append($"""
        <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"
         font-family="system-ui, sans-serif" font-size="{fontSize}" fill="#24292f">
        <title>{Escape(title)}</title>
        <rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="#8c959f"/>
        <text x="16" y="26" font-size="16" font-weight="600">{Escape(title)}</text>
        """);

    /// <summary>Appends elements, figures with a point whatever the language of the machine is.</summary>
    public void Append(FormattableString elements) => _svg.Append(elements.ToString(CultureInfo.InvariantCulture)).Append('\n');

    /// <summary>A text as one that an element may have.</summary>
    public static string Escape(string text) => SecurityElement.Escape(text);

    /// <summary>The whole picture.</summary>
    public override string ToString() => $"{_svg}</svg>\n";
}
