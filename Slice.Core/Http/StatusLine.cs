namespace Slice.Core.Http;

/// <summary>
/// The status line: <c>HTTP-version SP status-code [ SP [ reason-phrase ] ]</c>. RFC 9112 §4 wants the second space even before no phrase;
/// servers leave it out.
/// </summary>
internal static class StatusLine
{
    private const int VersionBytes = 8;
    private const int StatusStart = VersionBytes + 1;
    private const int StatusEnd = StatusStart + 3;

    /// <summary>
    /// Judges as much of "HTTP/1.x " as has arrived, so that another protocol is refused at its first byte and not waited for. Looks at no
    /// more than nine bytes.
    /// </summary>
    public static ResponseFault CheckStart(ReadOnlySpan<byte> soFar)
    {
        ReadOnlySpan<byte> expected = "HTTP/1.1 "u8;
        int count = Math.Min(soFar.Length, StatusStart);
        for (int index = 0; index < count; index++)
        {
            bool isDigit = char.IsAsciiDigit((char)soFar[index]);
            if (soFar[index] == expected[index] || (index == VersionBytes - 1 && isDigit))
            {
                continue;
            }

            return index == "HTTP/".Length && isDigit ? ResponseFault.UnsupportedVersion : ResponseFault.InvalidStatusLine;
        }

        return ResponseFault.None;
    }

    /// <summary>Parses a complete line, without its line end, that has passed <see cref="CheckStart"/>.</summary>
    public static ResponseFault Parse(ResponseHead head, ReadOnlySpan<byte> line)
    {
        int control = line.IndexOfAny(FieldSyntax.ControlBytes);
        if (control >= 0 && (control <= StatusEnd || line.ContainsAny((byte)'\r', (byte)'\0')))
        {
            return line.Contains((byte)'\r') ? ResponseFault.BareCarriageReturn : ResponseFault.ControlCharacter;
        }

        if (line.Length < StatusEnd)
        {
            return line.Length < StatusStart ? ResponseFault.InvalidStatusLine : ResponseFault.InvalidStatusCode;
        }

        if (!DecimalDigits.TryParse(line[StatusStart..StatusEnd], out long status) || status < 100)
        {
            return ResponseFault.InvalidStatusCode;
        }

        if (line.Length > StatusEnd && line[StatusEnd] != ' ')
        {
            return ResponseFault.InvalidStatusLine;
        }

        // A phrase with control characters cannot be passed on and is left out: nobody reads its content (RFC 9112 §4).
        int reasonStart = Math.Min(line.Length, StatusEnd + 1);
        int reasonLength = control >= 0 ? 0 : line.Length - reasonStart;
        head.SetStatusLine(line[VersionBytes - 1] == '0' ? 0 : 1, (int)status, reasonStart, reasonLength);
        return ResponseFault.None;
    }
}
