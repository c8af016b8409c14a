using System.Text;
using Slice.Core.Ranges;

namespace Slice.Core.Http;

/// <summary>The Content-Range field (RFC 9110 §14.4), read strictly: a proxy that misplaces bytes corrupts what it stores (B16).</summary>
/// <param name="Kind">Which of the forms.</param>
/// <param name="Range">
/// The bytes enclosed, half-open; empty for <see cref="ContentRangeKind.Unsatisfied"/> and <see cref="ContentRangeKind.Invalid"/>.
/// </param>
/// <param name="CompleteLength">Length of the whole object in bytes; −1 when unknown or invalid.</param>
public readonly record struct ContentRangeField(ContentRangeKind Kind, ByteRange Range, long CompleteLength)
{
    /// <summary>Most bytes <see cref="Write"/> and <see cref="WriteUnsatisfied"/> produce.</summary>
    public const int MaxBytes = 6 + (3 * DecimalDigits.MaxBytes) + 2;

    private static ContentRangeField Invalid => new(ContentRangeKind.Invalid, default, -1);

    /// <summary>
    /// Parses a value without surrounding OWS. The unit is case-insensitive; one space follows it. Positions and lengths beyond
    /// 2^63 − 1 are <see cref="ContentRangeKind.Invalid"/>.
    /// </summary>
    public static ContentRangeField Parse(ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> unit = "bytes "u8;
        int slash = value.IndexOf((byte)'/');
        if (slash < unit.Length || !Ascii.EqualsIgnoreCase(value[..unit.Length], unit))
        {
            return Invalid;
        }

        ReadOnlySpan<byte> positions = value[unit.Length..slash];
        ReadOnlySpan<byte> lengthDigits = value[(slash + 1)..];
        long completeLength = -1;
        bool isLengthKnown = !lengthDigits.SequenceEqual("*"u8);
        if (isLengthKnown && !DecimalDigits.TryParse(lengthDigits, out completeLength))
        {
            return Invalid;
        }

        if (positions.SequenceEqual("*"u8))
        {
            return isLengthKnown ? new ContentRangeField(ContentRangeKind.Unsatisfied, default, completeLength) : Invalid;
        }

        if (!TryParsePositions(positions, out ByteRange range) || (isLengthKnown && range.End > completeLength))
        {
            return Invalid;
        }

        return isLengthKnown
            ? new ContentRangeField(ContentRangeKind.Range, range, completeLength)
            : new ContentRangeField(ContentRangeKind.RangeOfUnknownLength, range, -1);
    }

    /// <summary>Writes <c>bytes a-b/N</c> for a range that is not empty and lies within the object; returns the bytes written.</summary>
    /// <param name="range">The bytes enclosed.</param>
    /// <param name="completeLength">Length of the whole object in bytes.</param>
    /// <param name="destination">At least <see cref="MaxBytes"/> long.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty, negative, or reaches past the object.</exception>
    public static int Write(ByteRange range, long completeLength, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(range.Start, nameof(range));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(range.Length, nameof(range));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(range.End, completeLength, nameof(range));
        "bytes "u8.CopyTo(destination);
        int length = 6;
        length += DecimalDigits.Write(range.Start, destination[length..]);
        destination[length++] = (byte)'-';
        length += DecimalDigits.Write(range.End - 1, destination[length..]);
        destination[length++] = (byte)'/';
        return length + DecimalDigits.Write(completeLength, destination[length..]);
    }

    /// <summary>Writes <c>bytes */N</c>, the form of a 416; returns the bytes written.</summary>
    /// <param name="completeLength">Length of the whole object in bytes, 0 or more.</param>
    /// <param name="destination">At least <see cref="MaxBytes"/> long.</param>
    public static int WriteUnsatisfied(long completeLength, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(completeLength);
        "bytes */"u8.CopyTo(destination);
        return 8 + DecimalDigits.Write(completeLength, destination[8..]);
    }

    private static bool TryParsePositions(ReadOnlySpan<byte> positions, out ByteRange range)
    {
        range = default;
        int dash = positions.IndexOf((byte)'-');
        if (dash < 0
            || !DecimalDigits.TryParse(positions[..dash], out long first)
            || !DecimalDigits.TryParse(positions[(dash + 1)..], out long last)
            || last < first
            || last == long.MaxValue)
        {
            return false;
        }

        range = new ByteRange(first, last + 1);
        return true;
    }
}
