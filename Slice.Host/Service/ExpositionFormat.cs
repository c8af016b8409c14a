using System.Globalization;
using System.Text;
using Slice.Core.Http;

namespace Slice.Host.Service;

/// <summary>Which text a scraper wants, by its Accept (RFC 9110 §12.5.1). Pure.</summary>
internal static class ExpositionFormat
{
    /// <summary>Prometheus' own format, for everybody who does not ask for another.</summary>
    public const string Classic = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>OpenMetrics.</summary>
    public const string Open = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>
    /// <see cref="Open"/> for who names OpenMetrics of version 1, or of none, with a weight that plain text does not exceed; else
    /// <see cref="Classic"/>. Whoever takes anything, a browser among them, gets the format that people read.
    /// </summary>
    public static string For(FieldTable fields)
    {
        double open = 0;
        double classic = 0;
        for (int index = fields.NextIndex(KnownField.Accept, 0); index >= 0; index = fields.NextIndex(KnownField.Accept, index + 1))
        {
            foreach (string range in Encoding.Latin1.GetString(fields.ValueAt(index)).Split(','))
            {
                string[] parts = range.Split(';', StringSplitOptions.TrimEntries);
                double weight = WeightOf(parts);
                if (Is(parts[0], "application/openmetrics-text") && (Parameter(parts, "version=") ?? "1.0.0") == "1.0.0")
                {
                    open = Math.Max(open, weight);
                }
                else if (Is(parts[0], "text/plain"))
                {
                    classic = Math.Max(classic, weight);
                }
            }
        }

        return open > 0 && open >= classic ? Open : Classic;
    }

    private static bool Is(string text, string mediaType) => text.Equals(mediaType, StringComparison.OrdinalIgnoreCase);

    // What is no weight counts as none (RFC 9110 §12.4.2).
    private static double WeightOf(string[] parts) => Parameter(parts, "q=") is not { } text ? 1
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double weight) ? Math.Min(weight, 1)
        : 0;

    private static string? Parameter(string[] parts, string name) =>
        parts.Skip(1).FirstOrDefault(part => part.StartsWith(name, StringComparison.OrdinalIgnoreCase))?[name.Length..].Trim('"');
}
