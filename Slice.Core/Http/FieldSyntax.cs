using System.Buffers;

namespace Slice.Core.Http;

/// <summary>The character classes of RFC 9110 §5.6 and RFC 9112 §3, and whitespace around values.</summary>
internal static class FieldSyntax
{
    /// <summary><c>tchar</c>, RFC 9110 §5.6.2.</summary>
    public static readonly SearchValues<byte> TokenBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>
    /// Control characters that no line of a head contains: all but HTAB, which is whitespace within a field value (RFC 9110 §5.5).
    /// </summary>
    public static readonly SearchValues<byte> ControlBytes = SearchValues.Create(
        "\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\u000A\u000B\u000C\u000D\u000E\u000F"u8
            + "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001A\u001B\u001C\u001D\u001E\u001F\u007F"u8);

    /// <summary>Whether the bytes are a <c>token</c>: one or more <c>tchar</c>.</summary>
    public static bool IsToken(ReadOnlySpan<byte> bytes) => !bytes.IsEmpty && !bytes.ContainsAnyExcept(TokenBytes);

    /// <summary>Whether the byte is SP or HTAB, the two of OWS (RFC 9110 §5.6.3).</summary>
    public static bool IsWhitespace(byte value) => value is (byte)' ' or (byte)'\t';

    /// <summary>
    /// The bytes without OWS at either end. Faster here than the BCL's Trim over a set, because there is rarely anything to trim.
    /// </summary>
    public static ReadOnlySpan<byte> TrimWhitespace(ReadOnlySpan<byte> bytes)
    {
        int start = 0;
        int end = bytes.Length;
        while (start < end && IsWhitespace(bytes[start]))
        {
            start++;
        }

        while (end > start && IsWhitespace(bytes[end - 1]))
        {
            end--;
        }

        return bytes[start..end];
    }
}
