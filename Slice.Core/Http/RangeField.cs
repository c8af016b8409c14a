using System.Text;
using Slice.Core.Ranges;

namespace Slice.Core.Http;

/// <summary>
/// The Range field of a request (RFC 9110 §14.2). The caller looks at the method first, since Range means something only with GET (B6), and
/// ignores the field when there is more than one line of it.
/// </summary>
public static class RangeField
{
    /// <summary>
    /// Parses <paramref name="value"/> into <paramref name="specs"/>. Whether the ranges can be satisfied is decided later, by
    /// <see cref="Resolve"/>, when the complete length is known.
    /// </summary>
    /// <param name="value">The field's value without surrounding OWS.</param>
    /// <param name="specs">
    /// Room for as many ranges as are acceptable; a request for more is <see cref="RangeFieldKind.Ignored"/> (B8).
    /// </param>
    /// <param name="count">Number of ranges; 0 unless <see cref="RangeFieldKind.Specs"/>.</param>
    /// <returns>
    /// <see cref="RangeFieldKind.Ignored"/> for another unit and for what is not a byte range at all, even beside valid ranges;
    /// <see cref="RangeFieldKind.Invalid416"/> for an empty set, <c>-</c>, or a last position before the first (B4).
    /// </returns>
    public static RangeFieldKind TryParse(ReadOnlySpan<byte> value, Span<RangeSpec> specs, out int count)
    {
        count = 0;
        ReadOnlySpan<byte> unit = "bytes="u8;
        if (value.Length < unit.Length || !Ascii.EqualsIgnoreCase(value[..unit.Length], unit))
        {
            return RangeFieldKind.Ignored;
        }

        int parsed = 0;
        bool isInvalid = false;
        foreach (ReadOnlySpan<byte> element in new ListElements(value[unit.Length..]))
        {
            if (!TryParseSpec(element, out RangeSpec spec, out bool isInvalidSpec) || parsed == specs.Length)
            {
                return RangeFieldKind.Ignored;
            }

            isInvalid |= isInvalidSpec;
            specs[parsed++] = spec;
        }

        if (isInvalid || parsed == 0)
        {
            return RangeFieldKind.Invalid416;
        }

        count = parsed;
        return RangeFieldKind.Specs;
    }

    /// <summary>
    /// The bytes of an object of <paramref name="completeLength"/> bytes that <paramref name="specs"/> mean, in the same order, without the
    /// unsatisfiable ones (B7).
    /// </summary>
    /// <param name="specs">What <see cref="TryParse"/> wrote.</param>
    /// <param name="completeLength">Length of the object in bytes.</param>
    /// <param name="ranges">At least as long as <paramref name="specs"/>.</param>
    /// <returns>Number of ranges written; 0 means answer 416.</returns>
    public static int Resolve(ReadOnlySpan<RangeSpec> specs, long completeLength, Span<ByteRange> ranges)
    {
        int count = 0;
        foreach (RangeSpec spec in specs)
        {
            if (spec.Resolve(completeLength) is { } range)
            {
                ranges[count++] = range;
            }
        }

        return count;
    }

    // False: not of the form at all. isInvalid: of the form, and impossible.
    private static bool TryParseSpec(ReadOnlySpan<byte> element, out RangeSpec spec, out bool isInvalid)
    {
        spec = default;
        isInvalid = false;
        int dash = element.IndexOf((byte)'-');
        if (dash < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> firstDigits = element[..dash];
        ReadOnlySpan<byte> lastDigits = element[(dash + 1)..];
        long first = 0;
        long last = long.MaxValue;
        bool isWellFormed = (firstDigits.IsEmpty || DecimalDigits.TryParseClamped(firstDigits, out first))
            && (lastDigits.IsEmpty || DecimalDigits.TryParseClamped(lastDigits, out last));
        isInvalid = firstDigits.IsEmpty ? lastDigits.IsEmpty : last < first;
        spec = firstDigits.IsEmpty ? RangeSpec.Suffix(last) : RangeSpec.FromTo(first, last);
        return isWellFormed;
    }
}
