using System.Buffers;
using System.Globalization;

namespace Slice.Core.Options;

/// <summary>
/// Durations as an operator writes them: <c>30</c> is seconds; <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>7d</c>, <c>2w</c> and
/// <c>1y</c> (365 days) carry their unit. Several parts follow one another from the largest unit to the smallest, each unit once:
/// <c>1h30m</c>, <c>1d 12h</c>.
/// </summary>
/// <remarks>
/// Upper and lower case are the same, except that <c>M</c> alone is refused: nginx means a month by it, and here it would be a minute.
/// </remarks>
public static class DurationText
{
    /// <summary>How a duration is written, in words for an error line.</summary>
    public const string Syntax = "seconds, or whole numbers with y, w, d, h, m, s or ms, such as 30s or 1h30m";

    // Largest first: parts stand in this order, and Format takes the first of its units that divides the duration.
    private static readonly (string Unit, long Milliseconds)[] s_units =
    [
        ("y", 365 * 86_400_000L), ("w", 7 * 86_400_000L), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ];

    private static readonly SearchValues<char> s_letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    // Nobody thinks of 14 days as 2w when every other duration of the documents is in days.
    private const int FirstWrittenUnit = 2;

    /// <summary>
    /// Reads a duration. A negative number is read when it stands alone, so that a range check can name it.
    /// </summary>
    /// <returns>
    /// False when a part is no whole number, its unit is unknown or out of order, or <see cref="TimeSpan"/> cannot hold the sum.
    /// </returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        Int128 ticks = 0;
        int nextUnit = 0;
        string rest = text;
        do
        {
            bool isFirst = rest.Length == text.Length;
            if (!TryReadPart(ref rest, mayBeBare: isFirst, ref nextUnit, out Int128 partTicks)
                || (partTicks < 0 && !(isFirst && rest.Length == 0)))
            {
                return false;
            }

            ticks += partTicks;
        }
        while (rest.Length > 0);

        if (ticks < long.MinValue || ticks > long.MaxValue)
        {
            return false;
        }

        duration = new TimeSpan((long)ticks);
        return true;
    }

    /// <summary>
    /// Writes a duration with the largest unit up to days that leaves a whole number; parts of a millisecond are dropped.
    /// <see cref="TryParse"/> reads it back.
    /// </summary>
    public static string Format(TimeSpan duration)
    {
        long totalMilliseconds = duration.Ticks / TimeSpan.TicksPerMillisecond;
        foreach ((string unit, long milliseconds) in s_units.AsSpan(FirstWrittenUnit))
        {
            if (totalMilliseconds != 0 && totalMilliseconds % milliseconds == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{totalMilliseconds / milliseconds}{unit}");
            }
        }

        return "0s";
    }

    // One number with its unit, and the spaces before the next one. A number without a unit is seconds, and must be all there is.
    private static bool TryReadPart(ref string text, bool mayBeBare, ref int nextUnit, out Int128 ticks)
    {
        ticks = 0;
        if (!WholeNumber.TryReadLeading(text, out long number, out ReadOnlySpan<char> behind))
        {
            return false;
        }

        behind = behind.TrimStart(' ');
        int unitEnd = behind.IndexOfAnyExcept(s_letters);
        ReadOnlySpan<char> unitText = unitEnd < 0 ? behind : behind[..unitEnd];
        int unit = unitText.IsEmpty && unitEnd < 0 && mayBeBare ? FindUnit("s") : FindUnit(unitText);
        if (unit < nextUnit)
        {
            return false;
        }

        ReadOnlySpan<char> rest = unitEnd < 0 ? "" : behind[unitEnd..].TrimStart(' ');
        bool endsWithSpace = unitEnd >= 0 && rest.IsEmpty;
        (nextUnit, text) = (unit + 1, rest.ToString());
        ticks = (Int128)number * s_units[unit].Milliseconds * TimeSpan.TicksPerMillisecond;
        return !endsWithSpace;
    }

    private static int FindUnit(ReadOnlySpan<char> text)
    {
        for (int unit = 0; unit < s_units.Length; unit++)
        {
            if (text is not "M" && text.Equals(s_units[unit].Unit, StringComparison.OrdinalIgnoreCase))
            {
                return unit;
            }
        }

        return -1;
    }
}
