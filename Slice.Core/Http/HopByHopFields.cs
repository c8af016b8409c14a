using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// The field lines that belong to one connection and are neither forwarded nor stored (RFC 9110 §7.6.1, B41): a fixed list, and
/// whatever Connection names. Proxy-Authorization and Proxy-Authenticate are on the list because we are the proxy they speak to
/// (§11.7); Trailer, because trailers are dropped.
/// </summary>
public static class HopByHopFields
{
    /// <summary>Whether a request field is on the fixed list.</summary>
    public static bool Contains(KnownField field) => field is KnownField.Connection or KnownField.KeepAlive or KnownField.ProxyConnection
        or KnownField.Te or KnownField.Trailer or KnownField.TransferEncoding or KnownField.Upgrade or KnownField.ProxyAuthorization;

    /// <summary>Whether a field name, of a request or a response, is on the fixed list.</summary>
    public static bool Contains(ReadOnlySpan<byte> name)
    {
        KnownField field = KnownFields.Find(name);
        return field != KnownField.Other
            ? Contains(field)
            : Ascii.EqualsIgnoreCase(name, "Proxy-Authenticate"u8) || Ascii.EqualsIgnoreCase(name, "HTTP2-Settings"u8);
    }

    /// <summary>
    /// Whether line <paramref name="index"/> of a request must not be forwarded: on the fixed list, or named by Connection. A field that
    /// we know is for all recipients (RFC 9110 §7.6.1 forbids to name such a one) and cannot be named away: a client would choose how the
    /// origin routes or frames its request, or have an answer stored as that to a field which the origin never saw.
    /// </summary>
    public static bool IsHopByHop(FieldTable fields, int index)
    {
        KnownField field = fields.FieldAt(index);
        if (field != KnownField.Other)
        {
            return Contains(field);
        }

        if (Contains(fields.NameAt(index)))
        {
            return true;
        }

        ReadOnlySpan<byte> name = fields.NameAt(index);
        for (int line = fields.NextIndex(KnownField.Connection, 0); line >= 0; line = fields.NextIndex(KnownField.Connection, line + 1))
        {
            if (IsNamedIn(fields.ValueAt(line), name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether one Connection value, of a request or a response, names the field.</summary>
    public static bool IsNamedIn(ReadOnlySpan<byte> connection, ReadOnlySpan<byte> name)
    {
        foreach (ReadOnlySpan<byte> option in new ListElements(connection))
        {
            if (Ascii.EqualsIgnoreCase(option, name))
            {
                return true;
            }
        }

        return false;
    }
}
