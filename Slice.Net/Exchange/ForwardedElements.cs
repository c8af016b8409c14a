using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>
/// Walks over the elements of a Forwarded field line (RFC 7239 §4) from the last to the first. Allocates only for a value with escapes,
/// which no proxy writes. Not thread-safe; its values point into the line.
/// </summary>
/// <remarks>
/// The line is read backwards, byte for byte, because only its end comes from a proxy that is trusted: the client may have begun the line
/// with a quote that never closes. Read from the front, that quote would turn the proxy's text and the quoted host in it inside out.
/// From the end, nothing that stands further left has a say. A well-formed line reads the same both ways.
/// Lenient in two things that proxies do: whitespace around semicolons, and colons and brackets (addresses, ports) outside quotes.
/// </remarks>
internal ref struct ForwardedElements(ReadOnlySpan<byte> line)
{
    // RFC 7239 §5 has four. Bounds the search for names that stand twice.
    private const int MaxParameters = 16;

    private readonly ReadOnlySpan<byte> _line = line;
    private int _end = line.Length;

    /// <summary>The node that has asked the proxy, without quotes; empty when the element does not say.</summary>
    public ReadOnlySpan<byte> For { get; private set; }

    /// <summary>The host that the proxy was asked for; empty when the element does not say.</summary>
    public ReadOnlySpan<byte> Host { get; private set; }

    /// <summary>The scheme by which the proxy was asked; empty when the element does not say.</summary>
    public ReadOnlySpan<byte> Proto { get; private set; }

    /// <summary>Goes to the element before; empty ones mean nothing (RFC 9110 §5.6.1.2).</summary>
    /// <returns>False at the beginning of the line.</returns>
    /// <remarks>
    /// An element that breaks the grammar or names a parameter twice (RFC 7239 §4 forbids that) says nothing, and is the last one:
    /// nobody knows where it begins.
    /// </remarks>
    public bool MoveToPrevious()
    {
        Forget();
        while (_end > 0 && IsBlank())
        {
            _end--;
        }

        if (_end == 0)
        {
            return false;
        }

        if (!TryReadElement())
        {
            Forget();
            _end = 0;
        }

        return true;
    }

    private void Forget()
    {
        For = default;
        Host = default;
        Proto = default;
    }

    private readonly bool IsBlank() => _line[_end - 1] is (byte)',' or (byte)' ' or (byte)'\t';

    private bool TryReadElement()
    {
        Span<Range> names = stackalloc Range[MaxParameters];
        for (int count = 0; ;)
        {
            SkipWhitespace();
            if (_end > 0 && _line[_end - 1] is not ((byte)';' or (byte)','))
            {
                if (count == MaxParameters || !TryReadParameter(out var name, out var value) || IsAmong(names[..count], name))
                {
                    return false;
                }

                names[count++] = name;
                Keep(_line[name], value);
                SkipWhitespace();
            }

            byte separator = _end == 0 ? (byte)',' : _line[--_end];
            if (separator != ';')
            {
                return separator == ',';
            }
        }
    }

    private void SkipWhitespace()
    {
        while (_end > 0 && FieldSyntax.IsWhitespace(_line[_end - 1]))
        {
            _end--;
        }
    }

    private bool TryReadParameter(out Range name, out ReadOnlySpan<byte> value)
    {
        bool isRead = _line[_end - 1] == '"' ? TryReadQuoted(out value) : TryReadPlain(out value);
        int nameEnd = _end - 1;
        if (!isRead || nameEnd < 0 || _line[nameEnd] != '=')
        {
            name = default;
            return false;
        }

        _end = _line[..nameEnd].LastIndexOfAnyExcept(FieldSyntax.TokenBytes) + 1;
        name = _end..nameEnd;
        return _end < nameEnd;
    }

    private bool TryReadPlain(out ReadOnlySpan<byte> value)
    {
        int start = _end;
        while (start > 0 && (FieldSyntax.TokenBytes.Contains(_line[start - 1]) || _line[start - 1] is (byte)':' or (byte)'[' or (byte)']'))
        {
            start--;
        }

        value = _line[start.._end];
        _end = start;
        return !value.IsEmpty;
    }

    // A quote behind an odd number of backslashes is escaped (RFC 9110 §5.6.4), and neither opens nor closes. The opening quote has a
    // sign of equality before it, so no backslash of the value is counted twice.
    private bool TryReadQuoted(out ReadOnlySpan<byte> value)
    {
        int close = _end - 1;
        int open = close;
        do
        {
            open = _line[..open].LastIndexOf((byte)'"');
        }
        while (open >= 0 && IsEscaped(open));

        if (open < 0 || IsEscaped(close))
        {
            value = default;
            return false;
        }

        value = Unescape(_line[(open + 1)..close]);
        _end = open;
        return true;
    }

    private readonly bool IsEscaped(int quote)
    {
        int start = quote;
        while (start > 0 && _line[start - 1] == '\\')
        {
            start--;
        }

        return int.IsOddInteger(quote - start);
    }

    private static ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> text)
    {
        if (!text.Contains((byte)'\\'))
        {
            return text;
        }

        byte[] plain = new byte[text.Length];
        int length = 0;
        for (int index = 0; index < text.Length; index++)
        {
            index += text[index] == '\\' ? 1 : 0;
            plain[length++] = text[index];
        }

        return plain.AsSpan(0, length);
    }

    private readonly bool IsAmong(scoped ReadOnlySpan<Range> names, Range name)
    {
        foreach (var other in names)
        {
            if (Ascii.EqualsIgnoreCase(_line[other], _line[name]))
            {
                return true;
            }
        }

        return false;
    }

    private void Keep(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (Ascii.EqualsIgnoreCase(name, "for"u8))
        {
            For = value;
        }
        else if (Ascii.EqualsIgnoreCase(name, "host"u8))
        {
            Host = value;
        }
        else if (Ascii.EqualsIgnoreCase(name, "proto"u8))
        {
            Proto = value;
        }
    }
}
