using System.Globalization;
using System.Text;
using Slice.Host.Text;

namespace Slice.Host.Configuration;

/// <summary>One thing that is wrong with a configuration, and where.</summary>
/// <param name="Source">The file as it was named, <c>environment</c> or <c>command line</c>.</param>
/// <param name="Line">Line in the file, from 1; 0 when no line is at fault.</param>
/// <param name="Column">Column in the line, from 1; 0 when no line is at fault.</param>
/// <param name="Key">The key with its section; null when no key is at fault.</param>
/// <param name="Value">The value at fault, a secret already replaced; null when no value is at fault.</param>
/// <param name="Problem">What is wrong.</param>
/// <param name="Allowed">What is allowed; null when <paramref name="Problem"/> says it all.</param>
public sealed record ConfigurationError(string Source, int Line, int Column, string? Key, string? Value, string Problem, string? Allowed)
{
    private const int LongestValue = 80; // Arbitrary: a line of a terminal.

    /// <summary>
    /// <c>FILE:LINE:COL: key: value: what is wrong, allowed: what is allowed</c>, on one line whatever the file contains.
    /// </summary>
    public override string ToString()
    {
        StringBuilder line = new(PrintableText.Escape(Source, int.MaxValue));
        if (Line > 0)
        {
            line.Append(CultureInfo.InvariantCulture, $":{Line}:{Column}");
        }

        AppendPart(line, Key);
        AppendPart(line, Value);
        line.Append(": ").Append(PrintableText.Escape(Problem, int.MaxValue));
        return Allowed is null ? line.ToString() : line.Append(", allowed: ").Append(Allowed).ToString();
    }

    private static void AppendPart(StringBuilder line, string? part)
    {
        if (part is not null)
        {
            PrintableText.AppendEscaped(line.Append(": "), part.Length == 0 ? "(empty)" : part, LongestValue);
        }
    }
}
