using System.Globalization;
using System.Text;

namespace Slice.Host.Status;

/// <summary>Reads an argument of a query, and brings text that a person has typed into the form of keys. Pure.</summary>
internal static class QueryText
{
    /// <summary>The value of the first argument of that name, decoded (URL Standard §5.1); null when there is none.</summary>
    public static string? ArgumentOf(ReadOnlySpan<byte> pathAndQuery, string name)
    {
        string text = Encoding.Latin1.GetString(pathAndQuery);
        int query = text.IndexOf('?', StringComparison.Ordinal);
        foreach (string argument in query < 0 ? [] : text[(query + 1)..].Split('&'))
        {
            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            if ((equals < 0 ? argument : argument[..equals]) == name)
            {
                return equals < 0 ? "" : Uri.UnescapeDataString(argument[(equals + 1)..].Replace('+', ' '));
            }
        }

        return null;
    }

    /// <summary>
    /// The bytes by which a key with this text is found: what is no visible ASCII is percent-encoded UTF-8 in a target (RFC 3986 §2.1).
    /// </summary>
    public static byte[] ToKeyBytes(string text)
    {
        var key = new StringBuilder(text.Length);
        foreach (byte octet in Encoding.UTF8.GetBytes(text))
        {
            _ = octet is > (byte)' ' and < 0x7F
                ? key.Append((char)octet)
                : key.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
        }

        return Encoding.ASCII.GetBytes(key.ToString());
    }
}
