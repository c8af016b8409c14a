using System.Globalization;

namespace Slice.Host.Text;

/// <summary>Sizes for people: reports and log messages. What a configuration says is <c>ByteSizeText</c>, which loses nothing.</summary>
internal static class ReadableSize
{
    /// <summary>
    /// A number of bytes in the largest binary unit that leaves one or more, with at most one decimal: <c>0 B</c>, <c>1.5 MiB</c>, <c>4
    /// TiB</c>.
    /// </summary>
    public static string Format(long bytes)
    {
        (double divisor, string unit) = bytes switch
        {
            >= 1L << 40 => (1L << 40, "TiB"),
            >= 1L << 30 => (1L << 30, "GiB"),
            >= 1L << 20 => (1L << 20, "MiB"),
            >= 1L << 10 => (1L << 10, "KiB"),
            _ => (1, "B"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{bytes / divisor:0.#} {unit}");
    }
}
