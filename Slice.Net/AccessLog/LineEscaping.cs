using System.Buffers;
using System.Text;
using Slice.Core.Options;

namespace Slice.Net.AccessLog;

/// <summary>
/// Writes a value that a client has chosen so that one line stays one line and one value one value, whatever bytes it has. Pure; allocates
/// nothing.
/// </summary>
internal static class LineEscaping
{
    private const string Plain =
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";

    private static readonly SearchValues<byte> s_plain = SearchValues.Create(Encoding.ASCII.GetBytes(Plain));

    /// <summary>
    /// Writes as much of a value as fits: text and logfmt with <c>\xHH</c> for quotes, backslashes and all that is not visible ASCII, as
    /// nginx does; JSON as RFC 8259 §7 wants it, with U+FFFD for what is no UTF-8. An escape is written whole or not at all.
    /// </summary>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> value, AccessLogSyntax syntax, Span<byte> destination)
    {
        int written = 0;
        while (!value.IsEmpty)
        {
            int plain = value.IndexOfAnyExcept(s_plain);
            plain = plain < 0 ? value.Length : plain;
            if (plain > destination.Length - written)
            {
                value[..(destination.Length - written)].CopyTo(destination[written..]);
                return destination.Length;
            }

            value[..plain].CopyTo(destination[written..]);
            written += plain;
            value = value[plain..];
            if (value.IsEmpty)
            {
                break;
            }

            int taken = 1;
            int escape = syntax == AccessLogSyntax.Json
                ? WriteJson(value, destination[written..], out taken)
                : WriteHex(value[0], "\\x"u8, destination[written..]);
            if (escape == 0)
            {
                break;
            }

            written += escape;
            value = value[taken..];
        }

        return written;
    }

    /// <summary>Whether a value of logfmt needs quotes: an empty one, and any with a space, an equals sign or an escape.</summary>
    public static bool NeedsQuotes(ReadOnlySpan<byte> value) =>
        value.IsEmpty || value.ContainsAny((byte)' ', (byte)'=') || value.ContainsAnyExcept(s_plain);

    // 0 when there is no room.
    private static int WriteJson(ReadOnlySpan<byte> value, Span<byte> destination, out int taken)
    {
        taken = 1;
        if (value[0] is (byte)'"' or (byte)'\\')
        {
            return Write([(byte)'\\', value[0]], destination);
        }

        if (value[0] < 0x80)
        {
            return WriteHex(value[0], "\\u00"u8, destination);
        }

        bool isWhole = Rune.DecodeFromUtf8(value, out var rune, out taken) == OperationStatus.Done;
        if (!isWhole)
        {
            // The longest beginning of a character that something else follows is one replacement.
            return Write("\\ufffd"u8, destination);
        }

        // C1 controls move the cursor of a terminal, and the two separators end a line for some readers.
        return rune.Value < 0xA0 ? WriteHex((byte)rune.Value, "\\u00"u8, destination)
            : rune.Value == 0x2028 ? Write("\\u2028"u8, destination)
            : rune.Value == 0x2029 ? Write("\\u2029"u8, destination)
            : Write(value[..taken], destination);
    }

    private static int WriteHex(byte value, ReadOnlySpan<byte> prefix, Span<byte> destination)
    {
        if (destination.Length < prefix.Length + 2)
        {
            return 0;
        }

        var digits = "0123456789abcdef"u8;
        prefix.CopyTo(destination);
        destination[prefix.Length] = digits[value >> 4];
        destination[prefix.Length + 1] = digits[value & 0xF];
        return prefix.Length + 2;
    }

    private static int Write(ReadOnlySpan<byte> escape, Span<byte> destination) => escape.TryCopyTo(destination) ? escape.Length : 0;
}
