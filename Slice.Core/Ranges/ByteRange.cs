namespace Slice.Core.Ranges;

/// <summary>
/// Bytes of a representation from <paramref name="Start"/> up to, not including, <paramref name="End"/>.
/// Half-open everywhere in memory; the inclusive form of RFC 9110 §14.1.2 exists only where bytes meet the wire.
/// </summary>
/// <param name="Start">Position of the first byte, 0 or more.</param>
/// <param name="End">Position after the last byte, <paramref name="Start"/> or more; equal means empty.</param>
public readonly record struct ByteRange(long Start, long End)
{
    /// <summary>Number of bytes; 0 when empty.</summary>
    public long Length => End - Start;

    /// <summary>Whether there is no byte in it.</summary>
    public bool IsEmpty => End <= Start;

    /// <summary>Whether the byte at <paramref name="position"/> belongs to the range.</summary>
    public bool Contains(long position) => position >= Start && position < End;

    /// <summary>
    /// Whether every byte of <paramref name="other"/> belongs to the range. An empty <paramref name="other"/> is always contained.
    /// </summary>
    public bool Contains(ByteRange other) => other.IsEmpty || (other.Start >= Start && other.End <= End);

    /// <summary>The bytes in both ranges. When there are none the result is empty and starts at the later of the two starts.</summary>
    public ByteRange Intersect(ByteRange other)
    {
        long start = Math.Max(Start, other.Start);
        return new ByteRange(start, Math.Max(start, Math.Min(End, other.End)));
    }
}
