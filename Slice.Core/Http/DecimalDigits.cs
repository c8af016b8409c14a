namespace Slice.Core.Http;

/// <summary>
/// <c>1*DIGIT</c>, the only form of a number in HTTP's framing fields. The BCL's parsers are not used because they accept signs,
/// which RFC 9110 §8.6 does not.
/// </summary>
internal static class DecimalDigits
{
    /// <summary>Longest output of <see cref="Write"/> in bytes: the digits of <see cref="long.MaxValue"/>.</summary>
    public const int MaxBytes = 19;

    /// <summary>Reads a number; false when there is no digit, another byte, or more than <see cref="long.MaxValue"/>.</summary>
    public static bool TryParse(ReadOnlySpan<byte> digits, out long value) =>
        TryParseCore(digits, out value, out bool overflowed) && !overflowed;

    /// <summary>
    /// Reads a number, <see cref="long.MaxValue"/> standing for everything larger; false when there is no digit or another byte.
    /// </summary>
    public static bool TryParseClamped(ReadOnlySpan<byte> digits, out long value) => TryParseCore(digits, out value, out _);

    /// <summary>
    /// Writes <paramref name="value"/>, 0 or more, and returns the bytes written; the destination holds <see cref="MaxBytes"/>.
    /// </summary>
    public static int Write(long value, Span<byte> destination)
    {
        System.Buffers.Text.Utf8Formatter.TryFormat(value, destination, out int bytesWritten);
        return bytesWritten;
    }

    private static bool TryParseCore(ReadOnlySpan<byte> digits, out long value, out bool overflowed)
    {
        ulong sum = 0;
        overflowed = false;
        value = 0;
        foreach (byte digit in digits)
        {
            uint number = (uint)(digit - '0');
            if (number > 9)
            {
                return false;
            }

            if (!overflowed)
            {
                // Compared before multiplying: ten times a number below 2^63 may wrap past 2^64 and look small again.
                overflowed = sum > ((ulong)long.MaxValue - number) / 10;
                sum = (sum * 10) + number;
            }
        }

        value = overflowed ? long.MaxValue : (long)sum;
        return !digits.IsEmpty;
    }
}
