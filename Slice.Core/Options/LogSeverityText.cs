namespace Slice.Core.Options;

/// <summary>Names of severities: <c>trace</c>, <c>debug</c>, <c>info</c>, <c>warn</c>, <c>error</c>.</summary>
public static class LogSeverityText
{
    /// <summary>The names, in words for an error line.</summary>
    public const string Syntax = "trace, debug, info, warn or error";

    private static readonly string[] s_names = ["trace", "debug", "info", "warn", "error"];

    /// <summary>
    /// Reads a name in any case, and <c>warning</c> as <c>warn</c>, which half of all programs call it. Numbers
    /// are not names, which <see cref="Enum.TryParse{TEnum}(string, out TEnum)"/> would take.
    /// </summary>
    public static bool TryParse(string text, out LogSeverity severity)
    {
        string known = text.Equals("warning", StringComparison.OrdinalIgnoreCase) ? "warn" : text;
        int index = Array.FindIndex(s_names, name => name.Equals(known, StringComparison.OrdinalIgnoreCase));
        severity = (LogSeverity)Math.Max(index, 0);
        return index >= 0;
    }

    /// <summary>Writes a name; <see cref="TryParse"/> reads it back.</summary>
    public static string Format(LogSeverity severity) => s_names[(int)severity];
}
