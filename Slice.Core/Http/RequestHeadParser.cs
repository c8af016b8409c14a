using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// Finds and parses request heads in what arrives on one connection (RFC 9112 §2 to §6). One per connection, not thread-safe.
/// <para>
/// The head's bytes are copied once into the <see cref="RequestHead"/>, and lines are judged there one after the other, each exactly once,
/// as soon as it is complete. The verdict therefore depends on the bytes alone and never on how they were cut into reads: the
/// first faulty byte decides. A line still incomplete is searched for its end from where the search stopped, so a head that arrives
/// byte by byte costs no more than its length.
/// </para>
/// <para>
/// We are stricter than RFC 9112 asks where leniency is how requests are smuggled: bare LF (§2.2), several spaces (§3), obs-fold
/// (§5.2) and repeated but equal Content-Length (§6.3) are refused although a recipient may repair them.
/// </para>
/// </summary>
public sealed class RequestHeadParser
{
    // Empty lines some clients send after a body, RFC 9112 §2.2 asks for one to be skipped; four is arbitrary.
    private const int MaxLeadingEmptyLines = 4;

    private RequestHeadLimits _limits;
    private int _targetBytes;
    private bool _isInsideHead;
    private int _leadingBytes;
    private int _lineStart;
    private int _searchedTo;

    /// <summary>A parser for one connection.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    public RequestHeadParser(RequestHeadLimits limits)
    {
        _limits = limits;
        Limit(limits);
    }

    /// <summary>Puts other limits in force for the next head. Not while a head is incomplete.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A limit is not positive.</exception>
    public void Limit(RequestHeadLimits limits)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limits.TargetBytes, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limits.HeadBytes, nameof(limits));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limits.FieldLines, nameof(limits));
        _limits = limits;

        // A target that fills the head would be refused as 431 or 414 depending on how it arrived; keep the two apart.
        _targetBytes = Math.Min(limits.TargetBytes, Math.Max(0, limits.HeadBytes - RequestLine.MaxBytesAroundTarget));
    }

    /// <summary>
    /// Parses the head at the start of <paramref name="buffer"/> into <paramref name="head"/>. Call it with everything received and not yet
    /// consumed; while it answers <see cref="RequestHeadStatus.Incomplete"/>, call again with the same head and with at least the bytes
    /// of the call before. It allocates nothing once the head has been used before.
    /// </summary>
    /// <param name="buffer">Bytes from the connection; may be empty.</param>
    /// <param name="head">Receives the head; its earlier contents are forgotten when a new head begins.</param>
    /// <param name="consumed">
    /// Start of the buffer when incomplete, the first byte after the head when complete, end of the buffer when rejected.
    /// </param>
    /// <param name="examined">
    /// End of the buffer, or <paramref name="consumed"/> when complete, so that a pipelined request is not waited for.
    /// </param>
    /// <param name="rejection">Why, when rejected; else <see cref="RequestRejection.None"/>.</param>
    public RequestHeadStatus Parse(
        in ReadOnlySequence<byte> buffer, RequestHead head, out SequencePosition consumed, out SequencePosition examined,
        out RequestRejection rejection)
    {
        RequestHeadStatus status = RequestHeadStatus.Complete;
        rejection = RequestRejection.None;
        if (!_isInsideHead)
        {
            status = SkipEmptyLines(buffer, out rejection);
            if (status == RequestHeadStatus.Complete)
            {
                _isInsideHead = true;
                head.Clear();
            }
        }

        if (status == RequestHeadStatus.Complete)
        {
            head.CopyNewBytes(buffer, _leadingBytes, _limits.HeadBytes);
            status = ParseLines(head, out rejection);
        }

        switch (status)
        {
            case RequestHeadStatus.Complete:
                consumed = examined = buffer.GetPosition(_leadingBytes + head.Length);
                Restart();
                break;
            case RequestHeadStatus.Rejected:
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
        _leadingBytes = 0;
        _lineStart = 0;
        _searchedTo = 0;
    }

    // Complete means: the request line begins after _leadingBytes. Empty lines are few, so they are simply looked at again on each call.
    private RequestHeadStatus SkipEmptyLines(in ReadOnlySequence<byte> buffer, out RequestRejection rejection)
    {
        rejection = RequestRejection.None;
        ReadOnlySpan<byte> first = buffer.FirstSpan;
        if (!first.IsEmpty && first[0] != '\r')
        {
            return RequestHeadStatus.Complete;
        }

        return SkipEmptyLinesSlow(buffer, out rejection);
    }

    private RequestHeadStatus SkipEmptyLinesSlow(in ReadOnlySequence<byte> buffer, out RequestRejection rejection)
    {
        rejection = RequestRejection.None;
        var reader = new SequenceReader<byte>(buffer);
        for (int lines = 0; lines <= MaxLeadingEmptyLines; lines++)
        {
            _leadingBytes = (int)reader.Consumed;
            if (!reader.TryPeek(out byte first))
            {
                return RequestHeadStatus.Incomplete;
            }

            if (first != '\r')
            {
                return RequestHeadStatus.Complete;
            }

            if (!reader.TryPeek(1, out byte second))
            {
                return RequestHeadStatus.Incomplete;
            }

            if (second != '\n')
            {
                // Not an empty line: let the line parser name the fault.
                return RequestHeadStatus.Complete;
            }

            reader.Advance(2);
        }

        rejection = RequestRejection.TooManyEmptyLines;
        return RequestHeadStatus.Rejected;
    }

    private RequestHeadStatus ParseLines(RequestHead head, out RequestRejection rejection)
    {
        ReadOnlySpan<byte> bytes = head.Bytes;
        while (true)
        {
            int control = bytes[_searchedTo..].IndexOfAny(FieldSyntax.ControlBytes);
            int lineEnd = control < 0 ? bytes.Length : _searchedTo + control;
            int lineStart = _lineStart;
            _searchedTo = lineEnd;

            // Faults that show before the line is complete come first, whether or not it happens to be complete already.
            rejection = CheckLimits(head, bytes[lineStart..lineEnd]);
            if (rejection == RequestRejection.None)
            {
                rejection = CheckLineEnd(bytes[lineEnd..]);
            }

            if (rejection != RequestRejection.None)
            {
                return RequestHeadStatus.Rejected;
            }

            if (lineEnd + 2 > bytes.Length)
            {
                return WaitForMore(bytes.Length, out rejection);
            }

            _lineStart = _searchedTo = lineEnd + 2;
            bool isEnd = lineStart == lineEnd && lineStart > 0;
            rejection = lineStart == 0 ? RequestLine.Parse(head, bytes[..lineEnd])
                : isEnd ? RequestSemantics.Derive(head)
                : FieldLine.TryParse(head.Fields, bytes, lineStart, lineEnd) ? RequestRejection.None
                : FieldLine.Explain(bytes[lineStart..lineEnd]);
            if (rejection != RequestRejection.None)
            {
                return RequestHeadStatus.Rejected;
            }

            if (isEnd)
            {
                head.TruncateTo(_lineStart);
                return RequestHeadStatus.Complete;
            }
        }
    }

    private RequestRejection CheckLimits(RequestHead head, ReadOnlySpan<byte> lineSoFar)
    {
        if (_lineStart == 0)
        {
            return RequestLine.CheckLimits(lineSoFar, _targetBytes);
        }

        return head.Fields.LineCount == _limits.FieldLines && !lineSoFar.IsEmpty ? RequestRejection.TooManyFields : RequestRejection.None;
    }

    private static RequestRejection CheckLineEnd(ReadOnlySpan<byte> rest)
    {
        if (rest.IsEmpty)
        {
            return RequestRejection.None;
        }

        return rest[0] switch
        {
            (byte)'\r' => rest.Length == 1 || rest[1] == '\n' ? RequestRejection.None : RequestRejection.BareCarriageReturn,
            (byte)'\n' => RequestRejection.BareLineFeed,
            _ => RequestRejection.ControlCharacter,
        };
    }

    // Everything within the limit has been seen, so a full head without an end can have none.
    private RequestHeadStatus WaitForMore(int headBytes, out RequestRejection rejection)
    {
        bool isFull = headBytes >= _limits.HeadBytes;
        rejection = isFull ? RequestRejection.HeadTooLarge : RequestRejection.None;
        return isFull ? RequestHeadStatus.Rejected : RequestHeadStatus.Incomplete;
    }
}
