using System.Globalization;

namespace Slice.Core.Options;

/// <summary>
/// Durations as an operator writes them: <c>30</c> is seconds; <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c> and <c>1d</c> carry their
/// unit.
/// </summary>
public static class DurationText
{
    /// <summary>How a duration is written, in words for an error line.</summary>
    public const string Syntax = "seconds, or a whole number with ms, s, m, h or d";

    // Largest first: Format takes the first unit that divides the duration.
    private static readonly (string Unit, long Milliseconds)[] s_units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    /// <summary>
    /// Reads a duration. A negative number is read, so that a range check can name it.
    /// </summary>
    /// <returns>False when the text is no whole number, its unit is unknown, or <see cref="TimeSpan"/> cannot hold it.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        if (!WholeNumber.TryReadLeading(text, out long number, out ReadOnlySpan<char> unitText))
        {
            return false;
        }

        unitText = unitText.TrimStart(' ');
        foreach ((string unit, long milliseconds) in s_units)
        {
            bool isSecondsWithoutUnit = unitText.IsEmpty && unit == "s";
            if (isSecondsWithoutUnit || unitText.Equals(unit, StringComparison.OrdinalIgnoreCase))
            {
                if (!WholeNumber.TryMultiply(number, milliseconds * TimeSpan.TicksPerMillisecond, out long ticks))
                {
                    return false;
                }

                duration = new TimeSpan(ticks);
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Writes a duration with the largest unit that leaves a whole number; parts of a millisecond are dropped. <see cref="TryParse"/> reads
    /// it back.
    /// </summary>
    public static string Format(TimeSpan duration)
    {
        long totalMilliseconds = duration.Ticks / TimeSpan.TicksPerMillisecond;
        foreach ((string unit, long milliseconds) in s_units)
        {
            if (totalMilliseconds != 0 && totalMilliseconds % milliseconds == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{totalMilliseconds / milliseconds}{unit}");
            }
        }

        return "0s";
    }
}
