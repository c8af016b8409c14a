namespace Slice.Core.Http;

/// <summary>
/// One response head of the origin: its bytes, and what they mean. Filled by <see cref="ResponseHeadParser"/>; see
/// <see cref="MessageHead"/> for how long what it hands out is valid. Not thread-safe.
/// <para>
/// <see cref="MessageHead.Fields"/> has the lines as they came. Whoever passes them on writes the framing anew, from
/// <see cref="BodyOf"/>: the lines may state the same Content-Length twice.
/// </para>
/// </summary>
public sealed class ResponseHead : MessageHead
{
    // Enough to recognise a line in a log, and no way to fill it (arbitrary).
    private const int MaxDroppedLineBytes = 100;

    private int _reasonStart;
    private int _reasonLength;
    private int _droppedStart;
    private int _droppedLength;

    /// <summary>
    /// The status code, 100 to 999. RFC 9110 §15 calls those above 599 invalid and has a client treat them as 5xx; they frame a body like
    /// any other, servers use them (999), and what the origin means by one is for the client to know.
    /// </summary>
    public int Status { get; private set; }

    /// <summary>
    /// The reason phrase; may be empty. HTAB, SP, visible characters and bytes from 0x80 (RFC 9112 §4).
    /// </summary>
    public ReadOnlySpan<byte> ReasonPhrase => Bytes.Slice(_reasonStart, _reasonLength);

    /// <summary>Whether another head follows on this connection for the same request: 1xx but 101 (RFC 9110 §15.2).</summary>
    public bool IsInterim => Status is >= 100 and < 200 and not 101;

    /// <summary>Whether the connection speaks another protocol from here on (101, RFC 9110 §15.2.2).</summary>
    public bool IsSwitchingProtocols => Status == 101;

    /// <summary>Number of lines that were left out because they are no field lines and have nothing to do with the framing.</summary>
    public int DroppedLines { get; private set; }

    /// <summary>
    /// The first 100 bytes of the first line that was left out, as received: control characters and all. Empty when there is none.
    /// </summary>
    public ReadOnlySpan<byte> FirstDroppedLine => Bytes.Slice(_droppedStart, _droppedLength);

    /// <summary>
    /// How the end of the body is found, in the order of RFC 9112 §6.3. With <see cref="ResponseBody.UntilClose"/> and
    /// <see cref="ResponseBody.Tunnel"/> the connection ends with it, whatever <see cref="MessageHead.KeepAlive"/> says.
    /// </summary>
    /// <param name="method">
    /// Of the request that was sent. Methods are case-sensitive: to <c>head</c>, which is <see cref="RequestMethod.Other"/>, an origin may
    /// send a body.
    /// </param>
    public ResponseBody BodyOf(RequestMethod method)
    {
        if (IsSwitchingProtocols || (method == RequestMethod.Connect && Status is >= 200 and < 300))
        {
            return ResponseBody.Tunnel;
        }

        if (method == RequestMethod.Head || Status is < 200 or 204 or 304)
        {
            return ResponseBody.None;
        }

        return IsChunked ? ResponseBody.Chunked : ContentLength >= 0 ? ResponseBody.Length : ResponseBody.UntilClose;
    }

    /// <summary>Whether a line has this name, in any mix of cases.</summary>
    public bool HasLine(ReadOnlySpan<byte> name) => Fields.NextIndex(name, 0) >= 0;

    internal void SetStatusLine(int minorVersion, int status, int reasonStart, int reasonLength)
    {
        MinorVersion = minorVersion;
        Status = status;
        _reasonStart = reasonStart;
        _reasonLength = reasonLength;
    }

    /// <summary>Notes that a line is left out.</summary>
    internal void Drop(int lineStart, int lineLength)
    {
        if (DroppedLines++ == 0)
        {
            _droppedStart = lineStart;
            _droppedLength = Math.Min(lineLength, MaxDroppedLineBytes);
        }
    }

    /// <summary>
    /// Joins a folded line to the field before it, with spaces in the place of the line end: a gateway does so, or refuses the response
    /// (RFC 9112 §5.2). False when the line is not folded, has a control character, or does not stand right behind a field.
    /// </summary>
    internal bool TryUnfold(int lineStart, int lineLength)
    {
        var bytes = MutableBytes;
        var line = bytes.Slice(lineStart, lineLength);
        int last = Fields.LineCount - 1;
        if (last < 0 || !FieldSyntax.IsWhitespace(line[0]) || line.ContainsAny(FieldSyntax.ControlBytes))
        {
            return false;
        }

        int valueEnd = Fields.ValueEndAt(last);
        var between = bytes[valueEnd..lineStart];
        if (between.ContainsAnyExcept(" \t\r\n"u8))
        {
            return false;
        }

        between.Fill((byte)' ');
        var text = line.TrimEnd(" \t"u8);
        if (!text.IsEmpty)
        {
            Fields.ExtendLast(lineStart + text.IndexOfAnyExcept(" \t"u8), lineStart + text.Length);
        }

        return true;
    }

    private protected override void ClearOwn()
    {
        Status = 0;
        _reasonStart = 0;
        _reasonLength = 0;
        DroppedLines = 0;
        _droppedStart = 0;
        _droppedLength = 0;
    }
}
