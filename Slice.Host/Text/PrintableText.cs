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
    public static void AppendEscaped(StringBuilder line, ReadOnlySpan<char> text, int longestChars) =>
        Append(line, text, longestChars, keepsQuotes: false);

    /// <summary>The text with everything escaped that <see cref="AppendEscaped"/> escapes.</summary>
    public static string Escape(string text, int longestChars)
    {
        StringBuilder line = new();
        Append(line, text, longestChars, keepsQuotes: false);
        return line.ToString();
    }

    /// <summary>
    /// As <see cref="Escape"/>, but with quotes and backslashes as they are: JSON stays JSON. For text that stands alone on its line.
    /// </summary>
    public static string EscapeInvisible(string text, int longestChars)
    {
        StringBuilder line = new();
        Append(line, text, longestChars, keepsQuotes: true);
        return line.ToString();
    }

    private static void Append(StringBuilder line, ReadOnlySpan<char> text, int longestChars, bool keepsQuotes)
    {
        bool isCut = text.Length > longestChars;
        ReadOnlySpan<char> rest = isCut ? text[..longestChars] : text;
        while (!rest.IsEmpty)
        {
            bool isWhole = Rune.DecodeFromUtf16(rest, out Rune rune, out int consumedChars) == System.Buffers.OperationStatus.Done;
            if (isWhole && (IsQuote(rune) ? keepsQuotes : IsVisible(rune)))
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

    private static bool IsQuote(Rune rune) => rune.Value is '"' or '\\';

    // Format characters include those that turn the direction of writing, with which a line can be made to look like another.
    private static bool IsVisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is not (
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
