using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// The fields of a response whose value is a reference that a client follows: Location and Content-Location (RFC 9110 §10.2.2, §8.7), and
/// Refresh, which browsers obey. Pure.
/// </summary>
internal static class ReferenceFields
{
    /// <summary>Whether a field of this name, in any mix of cases, is one of them.</summary>
    public static bool Contains(ReadOnlySpan<byte> name) => name.Length switch
    {
        7 => IsRefresh(name),
        8 => Ascii.EqualsIgnoreCase(name, "Location"u8),
        16 => Ascii.EqualsIgnoreCase(name, "Content-Location"u8),
        _ => false,
    };

    /// <summary>Whether one of these field lines, each ended by CRLF, is one of them.</summary>
    public static bool AreIn(ReadOnlySpan<byte> lines)
    {
        var reader = new FieldLineReader(lines);
        while (reader.MoveNext())
        {
            if (Contains(reader.Name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Where in the value of one of them the reference begins: at 0, in Refresh behind <c>url=</c> and a quote. -1 when there is none.
    /// </summary>
    public static int FindReference(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!IsRefresh(name))
        {
            return 0;
        }

        for (int index = 0; index + 4 <= value.Length; index++)
        {
            if (Ascii.EqualsIgnoreCase(value.Slice(index, 4), "url="u8))
            {
                index += 4;
                return index < value.Length && value[index] is (byte)'"' or (byte)'\'' ? index + 1 : index;
            }
        }

        return -1;
    }

    private static bool IsRefresh(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(name, "Refresh"u8);
}
