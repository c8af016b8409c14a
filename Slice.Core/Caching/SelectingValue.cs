using System.Text;
using Slice.Core.Http;

namespace Slice.Core.Caching;

/// <summary>
/// The value of one selecting field in a request, in the normal form that <see cref="SelectingFields"/> compares. Its cost has a bound that
/// does not depend on what the client sends (B53): what is too long is not read to its end, and selects nothing. Pure.
/// </summary>
internal static class SelectingValue
{
    /// <summary>Longest value in normal form.</summary>
    public const int MaxBytes = 1024;

    /// <summary>
    /// Most bytes of the lines of one field, or of Connection, that are read: white space and empty elements do not come into the normal
    /// form, and must be bounded all the same. Arbitrary, twice <see cref="MaxBytes"/>.
    /// </summary>
    private const int MaxRawBytes = 2 * MaxBytes;

    /// <summary>
    /// Most elements that are brought into order; more stay as they came, and are another value in another order. By insertion, which is
    /// quadratic. Arbitrary; browsers send up to ten.
    /// </summary>
    private const int MaxOrdered = 32;

    /// <summary>Reads the value of a field; false when it is longer than we look at. It allocates nothing.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">The field's name in lower case.</param>
    /// <param name="buffer">Room for <see cref="MaxBytes"/>.</param>
    /// <param name="length">How many of them are the value.</param>
    /// <param name="steps">Gets the lines compared, the bytes read and the elements compared, added to what is there.</param>
    public static bool TryRead(FieldTable request, ReadOnlySpan<byte> name, Span<byte> buffer, out int length, ref int steps)
    {
        length = 0;
        int rawBytes = 0;
        for (int line = 0; line < request.LineCount; line++)
        {
            if (!Ascii.EqualsIgnoreCase(request.NameAt(line), name))
            {
                continue;
            }

            // Of one name, all lines are alike in this: Connection is read once.
            if (rawBytes == 0)
            {
                if (!TryFindHopByHop(request, line, ref steps, out bool isHopByHop))
                {
                    return false;
                }

                if (isHopByHop)
                {
                    break;
                }
            }

            // An empty line counts for one byte, so that it is not the first one again.
            rawBytes++;
            if (!TryAppend(request.ValueAt(line), buffer, ref length, ref rawBytes))
            {
                return false;
            }
        }

        steps += request.LineCount + rawBytes;
        Order(name, buffer[..length], ref steps);
        return true;
    }

    /// <summary>
    /// Appends a line to a value, each element behind a comma, so that an absent field (nothing) and an empty one (nothing, too) are alike,
    /// and "a" and "a, b" are not; false when that is too long.
    /// </summary>
    public static bool TryAppend(ReadOnlySpan<byte> line, Span<byte> value, ref int length, ref int rawBytes)
    {
        rawBytes += line.Length;
        if (rawBytes > MaxRawBytes)
        {
            return false;
        }

        foreach (var element in new ListElements(line))
        {
            if (length + 1 + element.Length > value.Length)
            {
                return false;
            }

            value[length++] = (byte)',';
            element.CopyTo(value[length..]);
            length += element.Length;
        }

        return true;
    }

    /// <summary>
    /// In the fields of content negotiation neither order nor case means anything (RFC 9110 §12.5): one form for all spellings, made in
    /// place.
    /// </summary>
    public static void Order(ReadOnlySpan<byte> name, Span<byte> value, ref int steps)
    {
        if (!name.StartsWith("accept"u8))
        {
            return;
        }

        Ascii.ToLowerInPlace(value, out _);
        if (value.Count((byte)',') > MaxOrdered)
        {
            return;
        }

        for (int start = 0; start < value.Length;)
        {
            int end = EndOfElement(value, start);
            int place = 0;
            while (place < start && value[place..EndOfElement(value, place)].SequenceCompareTo(value[start..end]) <= 0)
            {
                steps++;
                place = EndOfElement(value, place);
            }

            RotateRight(value[place..end], end - start);
            start = end;
        }
    }

    // A field that its client named in Connection does not reach the origin: it selects nothing.
    private static bool TryFindHopByHop(FieldTable request, int line, ref int steps, out bool isHopByHop)
    {
        isHopByHop = false;
        int connectionBytes = 0;
        for (int at = request.NextIndex(KnownField.Connection, 0); at >= 0; at = request.NextIndex(KnownField.Connection, at + 1))
        {
            connectionBytes += request.ValueAt(at).Length;
        }

        if (connectionBytes > MaxRawBytes)
        {
            return false;
        }

        steps += request.LineCount + connectionBytes;
        isHopByHop = HopByHopFields.IsHopByHop(request, line);
        return true;
    }

    private static int EndOfElement(ReadOnlySpan<byte> value, int start)
    {
        int comma = value[(start + 1)..].IndexOf((byte)',');
        return comma < 0 ? value.Length : start + 1 + comma;
    }

    private static void RotateRight(Span<byte> value, int count)
    {
        value.Reverse();
        value[..count].Reverse();
        value[count..].Reverse();
    }
}
