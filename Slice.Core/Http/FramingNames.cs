using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// The names that decide where a response and its connection end, and names that only look like them. Recipients differ about the latter:
/// one trims whitespace before a colon, another skips control characters, a third takes an underscore for a hyphen. Pure.
/// </summary>
internal static class FramingNames
{
    private static readonly SearchValues<byte> s_alphanumeric =
        SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Whether a field frames the message: Content-Length, Transfer-Encoding, Connection.</summary>
    public static bool Contains(KnownField field) =>
        field is KnownField.ContentLength or KnownField.TransferEncoding or KnownField.Connection;

    /// <summary>
    /// Whether a name that is a token, and none of the three, has other characters for the hyphen, as in <c>Content_Length</c>. Without
    /// any, as in <c>ContentLength</c>, it is a name of its own to everybody.
    /// </summary>
    public static bool IsLookAlike(ReadOnlySpan<byte> name) => IsDisguise(name) && name.ContainsAnyExcept(s_alphanumeric);

    /// <summary>
    /// Whether the letters and digits of what stands for a name are those of one of the three, whatever is between and around them.
    /// </summary>
    public static bool IsDisguise(ReadOnlySpan<byte> name) =>
        HasLetters(name, "contentlength"u8) || HasLetters(name, "transferencoding"u8) || HasLetters(name, "connection"u8);

    private static bool HasLetters(ReadOnlySpan<byte> name, ReadOnlySpan<byte> letters)
    {
        int matched = 0;
        foreach (byte value in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)value))
            {
                continue;
            }

            if (matched == letters.Length || (value | 0x20) != letters[matched])
            {
                return false;
            }

            matched++;
        }

        return matched == letters.Length;
    }
}
