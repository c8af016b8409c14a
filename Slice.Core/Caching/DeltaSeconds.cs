using System.Globalization;

namespace Slice.Core.Caching;

/// <summary>The number of seconds in Age and in the directives of Cache-Control (RFC 9111 §1.2.2). Pure.</summary>
internal static class DeltaSeconds
{
    /// <summary>
    /// Reads digits, and nothing but digits; zero when there is anything else. A value too large is taken as 2^31 seconds, less one so
    /// that it fits.
    /// </summary>
    public static TimeSpan Parse(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty || value.ContainsAnyExceptInRange('0', '9'))
        {
            return TimeSpan.Zero;
        }

        return long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds < int.MaxValue
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.FromSeconds(int.MaxValue);
    }
}
