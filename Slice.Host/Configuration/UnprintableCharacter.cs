using System.Buffers;
using System.Globalization;

namespace Slice.Host.Configuration;

/// <summary>
/// A character that may not stand in a YAML file (YAML 1.2 §5.1): control characters but for tab, line feed, carriage return and NEL, and
/// U+FFFE and U+FFFF. The parser takes them, and a NUL in a path or a token would end it for the kernel only.
/// </summary>
/// <param name="Line">Where it is, from 1.</param>
/// <param name="Column">Where in the line, from 1.</param>
/// <param name="Value">The character.</param>
internal readonly record struct UnprintableCharacter(int Line, int Column, char Value)
{
    private static readonly SearchValues<char> s_unprintable = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(c => char.IsControl(c) && !IsAllowed(c)), '\uFFFE', '\uFFFF']);

    /// <summary>What is wrong, with the code point.</summary>
    public string Problem => string.Create(CultureInfo.InvariantCulture, $"not YAML: U+{(int)Value:X4} is not a printable character");

    /// <summary>What is allowed.</summary>
    public static string Allowed => "printable characters, tabs and line ends";

    /// <summary>The first one of a text, which is valid UTF-16; null when there is none.</summary>
    public static UnprintableCharacter? Find(string text)
    {
        int at = text.AsSpan().IndexOfAny(s_unprintable);
        if (at < 0)
        {
            return null;
        }

        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < at; i++)
        {
            if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n'))
            {
                line++;
                lineStart = i + 1;
            }
        }

        return new UnprintableCharacter(line, at - lineStart + 1, text[at]);
    }

    private static bool IsAllowed(char c) => c is '\t' or '\n' or '\r' or '\u0085';
}
