using System.Globalization;
using System.Text;

namespace Slice.Host.Text;

/// <summary>Makes text from outside safe to print on one line: what cannot be seen, or would move the cursor, is escaped.</summary>
internal static class PrintableText
{
    /// <summary>
    /// Appends <paramref name="text"/> with control, format and separator characters, lone surrogates, quotes and backslashes escaped.
    /// </summary>
    /// <param name="line">Where to append.</param>
    /// <param name="text">What came from outside.</param>
    /// <param name="longestChars">Characters taken at most; an ellipsis says that there were more.</param>
    public static void AppendEscaped(StringBuilder line, ReadOnlySpan<char> text, int longestChars)
    {
        bool isCut = text.Length > longestChars;
        ReadOnlySpan<char> rest = isCut ? text[..longestChars] : text;
        while (!rest.IsEmpty)
        {
            bool isWhole = Rune.DecodeFromUtf16(rest, out Rune rune, out int consumedChars) == System.Buffers.OperationStatus.Done;
            if (isWhole && IsPlain(rune))
            {
                line.Append(rest[..consumedChars]);
            }
            else
            {
                foreach (char character in rest[..consumedChars])
                {
                    AppendEscape(line, character);
                }
            }

            rest = rest[consumedChars..];
        }

        line.Append(isCut ? "…" : "");
    }

    /// <summary>The text with everything escaped that <see cref="AppendEscaped"/> escapes.</summary>
    public static string Escape(string text, int longestChars)
    {
        StringBuilder line = new();
        AppendEscaped(line, text, longestChars);
        return line.ToString();
    }

    // Format characters include those that turn the direction of writing, with which a line can be made to look like another.
    private static bool IsPlain(Rune rune) =>
        rune.Value is not ('"' or '\\')
        && Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    private static void AppendEscape(StringBuilder line, char character)
    {
        switch (character)
        {
            case '"': line.Append("\\\""); break;
            case '\\': line.Append(@"\\"); break;
            case '\n': line.Append(@"\n"); break;
            case '\r': line.Append(@"\r"); break;
            case '\t': line.Append(@"\t"); break;
            default: line.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"); break;
        }
    }
}
