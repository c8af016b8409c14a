using System.Globalization;

namespace Slice.Core.Options;

/// <summary>
/// Sizes as an operator writes them: <c>1048576</c> is bytes, <c>1MiB</c> the same with a unit. The units of IEC 80000-13 count in 1,024s
/// (KiB, MiB, GiB, TiB), those of SI in 1,000s (KB, MB, GB, TB); upper and lower case are the same, and a space may stand before the unit.
/// </summary>
/// <remarks>
/// A lone <c>k</c>, <c>m</c>, <c>g</c> or <c>t</c> counts in 1,024s, as in nginx, HAProxy and systemd: their numbers can be carried over.
/// So <c>1m</c> is 1 MiB, and <c>1MB</c> is a little less.
/// </remarks>
public static class ByteSizeText
{
    /// <summary>How a size is written, in words for an error line.</summary>
    public const string Syntax = "bytes, or a whole number with KiB, MiB, GiB, TiB or K, M, G, T (all 1,024s) or KB, MB, GB, TB (1,000s)";

    // Largest first, binary before decimal: Format takes the first unit that divides the size.
    private static readonly (string Unit, long Bytes)[] s_units =
    [
        ("TiB", 1L << 40), ("GiB", 1L << 30), ("MiB", 1L << 20), ("KiB", 1L << 10),
        ("T", 1L << 40), ("G", 1L << 30), ("M", 1L << 20), ("K", 1L << 10),
        ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000), ("B", 1),
    ];

    /// <summary>
    /// Reads a size in bytes. A negative number is read, so that a range check can name it; a number above 2^63 − 1 is not a size.
    /// </summary>
    /// <returns>False when the text is no whole number, or its unit is unknown.</returns>
    public static bool TryParse(string text, out long sizeBytes)
    {
        sizeBytes = 0;
        if (!WholeNumber.TryReadLeading(text, out long number, out ReadOnlySpan<char> unitText))
        {
            return false;
        }

        unitText = unitText.TrimStart(' ');
        if (unitText.IsEmpty)
        {
            sizeBytes = number;
            return true;
        }

        foreach ((string unit, long bytes) in s_units)
        {
            if (unitText.Equals(unit, StringComparison.OrdinalIgnoreCase))
            {
                return WholeNumber.TryMultiply(number, bytes, out sizeBytes);
            }
        }

        return false;
    }

    /// <summary>
    /// Writes a size with the largest binary unit that leaves a whole number, or as plain bytes; <see cref="TryParse"/> reads it back.
    /// </summary>
    public static string Format(long sizeBytes)
    {
        foreach ((string unit, long bytes) in s_units)
        {
            bool unitIsBinary = unit.Contains('i', StringComparison.Ordinal);
            if (unitIsBinary && sizeBytes >= bytes && sizeBytes % bytes == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{sizeBytes / bytes}{unit}");
            }
        }

        return sizeBytes.ToString(CultureInfo.InvariantCulture);
    }
}
