using System.Globalization;

namespace Slice.Core.Options;

/// <summary>Whole decimal numbers of a configuration file: an optional minus sign and digits, nothing else.</summary>
/// <remarks>
/// A leading zero is refused: YAML 1.1 reads <c>0644</c> as octal and YAML 1.2 as decimal, and an operator may mean either.
/// </remarks>
public static class WholeNumber
{
    /// <summary>Reads the whole text as a number.</summary>
    /// <returns>False when it is anything else, or needs more than 64 bits.</returns>
    public static bool TryParse(string text, out long number) =>
        TryReadLeading(text, out number, out ReadOnlySpan<char> rest) && rest.IsEmpty;

    /// <summary>Reads the number a text begins with and gives what follows it.</summary>
    internal static bool TryReadLeading(string text, out long number, out ReadOnlySpan<char> rest)
    {
        int digitsAt = text.StartsWith('-') ? 1 : 0;
        int end = digitsAt;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        rest = text.AsSpan(end);
        bool hasLeadingZero = end - digitsAt > 1 && text[digitsAt] == '0';
        number = 0;
        return end > digitsAt
            && !hasLeadingZero
            && long.TryParse(text.AsSpan(0, end), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Multiplies, and is false instead of overflowing.</summary>
    internal static bool TryMultiply(long number, long factor, out long product)
    {
        Int128 wide = (Int128)number * factor;
        bool fits = wide >= long.MinValue && wide <= long.MaxValue;
        product = fits ? (long)wide : 0;
        return fits;
    }
}
