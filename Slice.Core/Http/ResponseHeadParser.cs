using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// Finds and parses response heads in what the origin sends on one connection (RFC 9112 §2 to §6). One per connection, not thread-safe.
/// <para>
/// As in <see cref="RequestHeadParser"/> the head's bytes are copied once and each line is judged once, as soon as it is complete, so the
/// verdict depends on the bytes alone and never on how they were cut into reads.
/// </para>
/// <para>
/// Strict where two recipients could disagree about the end of a message: status line, Content-Length, Transfer-Encoding, Connection, and
/// whatever could be taken for one of them. Tolerant elsewhere: a line that is no field line is left out and counted, and the rest goes on,
/// because operators did not write their origins. A folded line is joined to the one before it with a space in place of the line break, as
/// RFC 9112 §5.2 has it, but not to a field of the framing.
/// </para>
/// <para>
/// LF alone ends a line, as RFC 9112 §2.2 permits, as browsers, nginx and SocketsHttpHandler have it, and as old CGI programs send it. Here
/// this is safe, other than in a request: nothing is passed on as it came, but every line and the framing are written anew with CRLF.
/// Whoever reads behind us sees the same lines and the same end as we do.
/// </para>
/// </summary>
public sealed class ResponseHeadParser
{
    private ResponseHeadLimits _limits;
    private bool _isInsideHead;
    private int _lineStart;
    private int _searchedTo;
    private int _lines;
    private int _interimHeads;

    /// <summary>A parser for one connection.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    public ResponseHeadParser(ResponseHeadLimits limits)
    {
        _limits = limits;
        Limit(limits);
    }

    /// <summary>Puts other limits in force for the next head. Not while a head is incomplete.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    public void Limit(ResponseHeadLimits limits)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limits.HeadBytes, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limits.Lines, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limits.InterimHeads, nameof(limits));
        _limits = limits;
    }

    /// <summary>
    /// Parses the head at the start of <paramref name="buffer"/> into <paramref name="head"/>. Call it with everything received and not yet
    /// consumed; while it answers <see cref="ResponseHeadStatus.Incomplete"/>, call again with the same head and with at least the bytes
    /// of the call before. It allocates nothing once the head has been used before.
    /// </summary>
    /// <param name="buffer">Bytes from the connection; may be empty.</param>
    /// <param name="head">Receives the head; its earlier contents are forgotten when a new head begins.</param>
    /// <param name="consumed">
    /// Start of the buffer when incomplete, the first byte after the head when complete, end of the buffer when faulty.
    /// </param>
    /// <param name="examined">
    /// End of the buffer, or <paramref name="consumed"/> when complete, so that the body is not waited for.
    /// </param>
    /// <param name="fault">Why, when faulty; else <see cref="ResponseFault.None"/>.</param>
    public ResponseHeadStatus Parse(
        in ReadOnlySequence<byte> buffer, ResponseHead head, out SequencePosition consumed, out SequencePosition examined,
        out ResponseFault fault)
    {
        if (!_isInsideHead)
        {
            _isInsideHead = true;
            head.Clear();
        }

        head.CopyNewBytes(buffer, 0, _limits.HeadBytes);
        ResponseHeadStatus status = ParseLines(head, out fault);
        switch (status)
        {
            case ResponseHeadStatus.Complete:
                consumed = examined = buffer.GetPosition(head.Length);
                Restart();
                break;
            case ResponseHeadStatus.Faulty:
                consumed = examined = buffer.End;
                Restart();
                break;
            default:
                consumed = buffer.Start;
                examined = buffer.End;
                break;
        }

        return status;
    }

    private void Restart()
    {
        _isInsideHead = false;
        _lineStart = 0;
        _searchedTo = 0;
        _lines = 0;
    }

    private ResponseHeadStatus ParseLines(ResponseHead head, out ResponseFault fault)
    {
        fault = _lineStart == 0 ? StatusLine.CheckStart(head.Bytes) : ResponseFault.None;
        while (fault == ResponseFault.None)
        {
            ReadOnlySpan<byte> bytes = head.Bytes;
            int lineFeed = bytes[_searchedTo..].IndexOf((byte)'\n');
            if (lineFeed < 0)
            {
                _searchedTo = bytes.Length;
                return WaitForMore(bytes.Length, out fault);
            }

            int lineStart = _lineStart;
            int lineEnd = _searchedTo + lineFeed;
            _lineStart = _searchedTo = lineEnd + 1;
            lineEnd -= lineEnd > lineStart && bytes[lineEnd - 1] == '\r' ? 1 : 0;
            if (lineEnd == lineStart)
            {
                return End(head, out fault);
            }

            fault = ParseLine(head, lineStart, lineEnd);
        }

        return ResponseHeadStatus.Faulty;
    }

    private ResponseFault ParseLine(ResponseHead head, int lineStart, int lineEnd)
    {
        if (lineStart == 0)
        {
            return StatusLine.Parse(head, head.Bytes[..lineEnd]);
        }

        return ++_lines > _limits.Lines ? ResponseFault.TooManyLines : ResponseFieldLine.Judge(head, lineStart, lineEnd);
    }

    private ResponseHeadStatus End(ResponseHead head, out ResponseFault fault)
    {
        head.TruncateTo(_lineStart);
        fault = ResponseSemantics.Derive(head);
        _interimHeads = head.IsInterim ? _interimHeads + 1 : 0;
        if (fault == ResponseFault.None && _interimHeads > _limits.InterimHeads)
        {
            fault = ResponseFault.TooManyInterimHeads;
        }

        return fault == ResponseFault.None ? ResponseHeadStatus.Complete : ResponseHeadStatus.Faulty;
    }

    // Everything within the limit has been seen, so a full head without an end can have none.
    private ResponseHeadStatus WaitForMore(int headBytes, out ResponseFault fault)
    {
        bool isFull = headBytes >= _limits.HeadBytes;
        fault = isFull ? ResponseFault.HeadTooLarge : ResponseFault.None;
        return isFull ? ResponseHeadStatus.Faulty : ResponseHeadStatus.Incomplete;
    }
}
