using System.Buffers;

namespace Slice.Core.Http;

/// <summary>
/// Takes the chunked framing off a body, of a request or a response (RFC 9112 §7.1), as it arrives. Data is handed out in place, never
/// copied; chunk extensions are ignored (§7.1.1), trailers dropped (§7.1.2), and both are bounded. Of a request, line ends are CRLF only
/// and sizes hex digits only (B38). Of a response, LF alone ends a line and a size may have spaces behind it, as old servers send them and
/// browsers take them: nothing of the framing is passed on. One per connection, reused; not thread-safe.
/// <para>
/// The decoder remembers where in the framing it is, so unlike a head the framing is consumed as far as it has arrived. Calls, in a
/// loop: <see cref="Decode"/>; on <see cref="ChunkedStatus.Data"/> use the data before the bytes are released; release up to
/// <c>consumed</c>; on <see cref="ChunkedStatus.NeedMore"/> read more.
/// </para>
/// </summary>
public sealed class ChunkedDecoder
{
    // 2^60 is beyond any body; what remains are leading zeros, which must not go on for ever.
    private const int MaxSizeDigits = 16;

    // Bytes of one size line behind its digits; extensions are hardly used (arbitrary). Of a response as many as SocketsHttpHandler takes:
    // some origins sign each chunk (aws-chunked).
    private const int MaxExtensionBytes = 256;
    private const int MaxResponseExtensionBytes = 16 << 10;

    // Apache's LimitRequestFieldSize for one field, here for all trailers together, since they are dropped anyway. Of a response as large
    // as a head may be by default.
    private const int MaxTrailerBytes = 8 << 10;
    private const int MaxResponseTrailerBytes = 64 << 10;

    private readonly bool _isOfResponse;
    private State _state;
    private int _digits;
    private int _skippedBytes;
    private long _remaining;

    /// <summary>A decoder of request bodies, or of response bodies.</summary>
    public ChunkedDecoder(bool isOfResponse = false) => _isOfResponse = isOfResponse;

    private enum State : byte
    {
        Size,
        BeforeExtension,
        Extension,
        SizeLineFeed,
        Data,
        DataCarriageReturn,
        DataLineFeed,
        TrailerStart,
        Trailer,
        TrailerLineFeed,
        EndLineFeed,
        End,
        Invalid,
    }

    /// <summary>Begins with the next body.</summary>
    public void Reset()
    {
        _state = State.Size;
        _digits = 0;
        _skippedBytes = 0;
        _remaining = 0;
    }

    /// <summary>Decodes up to the next data, the end of the body, or the end of what has arrived.</summary>
    /// <param name="input">Bytes of the connection from the last <paramref name="consumed"/> on.</param>
    /// <param name="data">Body bytes within <paramref name="input"/>, not empty with <see cref="ChunkedStatus.Data"/>, else empty.</param>
    /// <param name="consumed">After the data; with <see cref="ChunkedStatus.End"/>, after the last CRLF.</param>
    /// <param name="examined">The same: bytes behind it have not been looked at.</param>
    public ChunkedStatus Decode(
        in ReadOnlySequence<byte> input, out ReadOnlySequence<byte> data, out SequencePosition consumed, out SequencePosition examined)
    {
        var reader = new SequenceReader<byte>(input);
        data = default;
        while (_state < State.End && _state != State.Data && reader.TryRead(out byte next))
        {
            _state = Step(next);
        }

        ChunkedStatus status = _state switch
        {
            State.End => ChunkedStatus.End,
            State.Invalid => ChunkedStatus.Invalid,
            State.Data when !reader.End => TakeData(ref reader, out data),
            _ => ChunkedStatus.NeedMore,
        };
        consumed = examined = reader.Position;
        return status;
    }

    private ChunkedStatus TakeData(ref SequenceReader<byte> reader, out ReadOnlySequence<byte> data)
    {
        long length = Math.Min(_remaining, reader.Remaining);
        data = reader.UnreadSequence.Slice(0, length);
        reader.Advance(length);
        _remaining -= length;
        _state = _remaining == 0 ? State.DataCarriageReturn : State.Data;
        return ChunkedStatus.Data;
    }

    private State Step(byte next)
    {
        bool isBehindCarriageReturn = _state is State.SizeLineFeed or State.DataLineFeed or State.TrailerLineFeed or State.EndLineFeed;
        if (_isOfResponse && next == '\n' && !isBehindCarriageReturn)
        {
            _state = StepStrict((byte)'\r');
        }

        return StepStrict(next);
    }

    private State StepStrict(byte next) => _state switch
    {
        State.Size => StepSize(next),
        State.BeforeExtension => StepExtension(next, isBeforeSemicolon: true),
        State.Extension => StepExtension(next, isBeforeSemicolon: false),
        State.SizeLineFeed => next == '\n' ? BeginChunk() : State.Invalid,
        State.DataCarriageReturn => next == '\r' ? State.DataLineFeed : State.Invalid,
        State.DataLineFeed => next == '\n' ? BeginSize() : State.Invalid,
        State.TrailerStart => next == '\r' ? State.EndLineFeed : StepTrailer(next),
        State.Trailer => StepTrailer(next),
        State.TrailerLineFeed => next == '\n' ? State.TrailerStart : State.Invalid,
        State.EndLineFeed => next == '\n' ? State.End : State.Invalid,
        _ => State.Invalid,
    };

    private State StepSize(byte next)
    {
        int digit = HexDigits.ValueOf(next);
        if (digit >= 0)
        {
            bool overflows = _remaining > (long.MaxValue >> 4) || ++_digits > MaxSizeDigits;
            _remaining = overflows ? 0 : (_remaining << 4) | (uint)digit;
            return overflows ? State.Invalid : State.Size;
        }

        return _digits == 0 ? State.Invalid : StepExtension(next, isBeforeSemicolon: true);
    }

    // RFC 9112 §7.1.1 allows whitespace before the semicolon, but not in its place: "5 " CRLF is refused.
    private State StepExtension(byte next, bool isBeforeSemicolon)
    {
        if (next == '\r')
        {
            return _state == State.BeforeExtension && !_isOfResponse ? State.Invalid : State.SizeLineFeed;
        }

        if (++_skippedBytes > (_isOfResponse ? MaxResponseExtensionBytes : MaxExtensionBytes) || FieldSyntax.ControlBytes.Contains(next))
        {
            return State.Invalid;
        }

        if (isBeforeSemicolon && next != ';')
        {
            return FieldSyntax.IsWhitespace(next) ? State.BeforeExtension : State.Invalid;
        }

        return State.Extension;
    }

    private State StepTrailer(byte next)
    {
        if (next == '\r')
        {
            return State.TrailerLineFeed;
        }

        int most = _isOfResponse ? MaxResponseTrailerBytes : MaxTrailerBytes;
        return ++_skippedBytes > most || FieldSyntax.ControlBytes.Contains(next) ? State.Invalid : State.Trailer;
    }

    private State BeginChunk()
    {
        _skippedBytes = 0;
        return _remaining == 0 ? State.TrailerStart : State.Data;
    }

    private State BeginSize()
    {
        _digits = 0;
        return State.Size;
    }
}
