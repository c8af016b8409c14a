using Slice.Core.Ranges;

namespace Slice.Core.Http;

/// <summary>
/// One range of a Range field as the client wrote it, before the complete length is known: <c>first-</c>, <c>first-last</c> or
/// <c>-suffix</c> (RFC 9110 §14.1.2). Positions beyond 2^63 − 1 are that number.
/// </summary>
public readonly record struct RangeSpec
{
    // Suffix: _first is −1 and _last the suffix length. Open: _last is long.MaxValue, which no object reaches.
    private readonly long _first;
    private readonly long _last;

    private RangeSpec(long first, long last)
    {
        _first = first;
        _last = last;
    }

    /// <summary>Whether the range counts from the end.</summary>
    public bool IsSuffix => _first < 0;

    /// <summary>First position; meaningless for a suffix.</summary>
    public long First => _first;

    /// <summary>Last position, inclusive as on the wire; <see cref="long.MaxValue"/> when open, meaningless for a suffix.</summary>
    public long Last => _last;

    /// <summary>Number of bytes wanted from the end; 0 unless a suffix.</summary>
    public long SuffixLength => IsSuffix ? _last : 0;

    /// <summary><c>first-last</c>, both 0 or more, in order.</summary>
    public static RangeSpec FromTo(long first, long last) => new(first, last);

    /// <summary><c>first-</c>.</summary>
    public static RangeSpec From(long first) => new(first, long.MaxValue);

    /// <summary><c>-suffixLength</c>, 0 or more.</summary>
    public static RangeSpec Suffix(long suffixLength) => new(-1, suffixLength);

    /// <summary>
    /// The bytes meant, of an object of <paramref name="completeLength"/> bytes: an end past the end is clipped, a suffix longer than the
    /// object is the whole of it. Null when unsatisfiable: the first position is at or past the end, the suffix is 0, or the object is
    /// empty (a suffix of an empty object is satisfiable by the letter of §14.1.2, but no Content-Range can describe zero bytes).
    /// </summary>
    public ByteRange? Resolve(long completeLength)
    {
        if (IsSuffix)
        {
            long length = Math.Min(_last, completeLength);
            return length == 0 ? null : new ByteRange(completeLength - length, completeLength);
        }

        // The inclusive last becomes an exclusive end only after clipping, so that it cannot overflow.
        return _first >= completeLength ? null : new ByteRange(_first, Math.Min(_last, completeLength - 1) + 1);
    }
}
