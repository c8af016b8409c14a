using System.Globalization;

namespace Slice.Core.Caching;

/// <summary>The number of seconds in Age and in the directives of Cache-Control (RFC 9111 §1.2.2). Pure.</summary>
internal static class DeltaSeconds
{
    /// <summary>The largest value, 2^31 - 1 seconds: longer than anything is fresh.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(int.MaxValue);

    /// <summary>
    /// Reads digits, and nothing but digits; zero when there is anything else. A value too large is taken as 2^31 seconds, less one so
    /// that it fits.
    /// </summary>
    public static TimeSpan Parse(ReadOnlySpan<char> value) => TryParse(value, out var span) ? span : TimeSpan.Zero;

    /// <summary>The same; false when there is anything but digits, or nothing.</summary>
    public static bool TryParse(ReadOnlySpan<char> value, out TimeSpan span)
    {
        span = default;
        if (value.IsEmpty || value.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        span = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds < int.MaxValue
            ? TimeSpan.FromSeconds(seconds)
            : Longest;
        return true;
    }
}
