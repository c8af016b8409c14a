using System.Globalization;
using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>What is wrong with a value that is no number, size, duration or flag, and what to write when that can be told. Pure.</summary>
internal static class ValueHint
{
    /// <summary>Of a text that is no whole number.</summary>
    public static string OfCount(string text) => $"not a whole number{Number(text)}";

    /// <summary>Of a text that is no size.</summary>
    public static string OfSize(string text) => $"not a size{Fraction(text, SizeOfUnit, ByteSizeText.Format) ?? Number(text)}";

    /// <summary>Of a text that is no duration.</summary>
    public static string OfDuration(string text)
    {
        string hint = text.EndsWith('M') && DurationText.TryParse(text[..^1] + "m", out _)
            ? ": M is a month in nginx, write m for minutes or 30d for a month"
            : Fraction(text, MillisecondsOfUnit, ms => DurationText.Format(TimeSpan.FromMilliseconds(ms))) ?? Number(text);
        return $"not a duration{hint}";
    }

    /// <summary>Of a text without quotes that is no flag.</summary>
    public static string OfFlag(string text) => text.ToLowerInvariant() switch
    {
        "yes" or "y" or "on" or "1" => "not a flag (a text in YAML 1.2), write true",
        "no" or "n" or "off" or "0" => "not a flag (a text in YAML 1.2), write false",
        _ => "not a flag",
    };

    // Spellings of numbers that other programs take, and that mean different things to different readers.
    private static string Number(string text)
    {
        string digits = text.TrimStart('-', '+');
        return digits switch
        {
            _ when digits.Length == 0 || !char.IsAsciiDigit(digits[0]) => "",
            ['0', 'x' or 'X' or 'o' or 'O' or 'b' or 'B', ..] => ": write it in decimal",
            ['0', >= '0' and <= '9', ..] => ": with a leading zero it is octal to some and decimal to others, leave the zero out",
            _ when digits.AsSpan().ContainsAny('_', ',', '\'') => ": write the digits without separators",
            _ when text[0] == '+' => ": leave the + out",
            _ when digits.Contains('.', StringComparison.Ordinal) => ": no fractions",
            _ when digits.All(char.IsAsciiDigit) => ": it needs more than 64 bits",
            _ => "",
        };
    }

    // A fraction of a unit that comes to a whole number of the smallest one can be said without the fraction.
    private static string? Fraction(string text, Func<string, long?> ofUnit, Func<long, string> format)
    {
        int unitAt = text.AsSpan().LastIndexOfAnyInRange('0', '9') + 1;
        if (!text.Contains('.', StringComparison.Ordinal)
            || !decimal.TryParse(text.AsSpan(0, unitAt), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal number)
            || ofUnit(text[unitAt..]) is not { } factor
            || number > long.MaxValue / factor)
        {
            return null;
        }

        decimal product = number * factor;
        return product == decimal.Truncate(product) ? $": no fractions, write {format((long)product)}" : null;
    }

    private static long? SizeOfUnit(string unit) => ByteSizeText.TryParse("1" + unit, out long sizeBytes) ? sizeBytes : null;

    private static long? MillisecondsOfUnit(string unit) =>
        DurationText.TryParse("1" + unit, out TimeSpan duration) ? (long)duration.TotalMilliseconds : null;
}
