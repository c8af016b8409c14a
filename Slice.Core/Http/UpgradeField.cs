using System.Text;

namespace Slice.Core.Http;

/// <summary>
/// The wish for another protocol on this connection (RFC 9110 §7.8): Upgrade, named by Connection, in HTTP/1.1. Pure.
/// </summary>
/// <remarks>
/// Protocols that would carry HTTP where we cannot see it are not asked for: h2c, which RFC 9113 §3.1 has withdrawn, HTTP itself, and TLS.
/// A client would otherwise reach, inside the tunnel, whatever we keep from it outside.
/// </remarks>
internal static class UpgradeField
{
    /// <summary>The value of Upgrade that goes to the origin; null when the request asks for no protocol that we tunnel.</summary>
    public static string? Read(RequestHead head)
    {
        if (head.MinorVersion != 1 || head.HasBody || !IsNamedInConnection(head.Fields))
        {
            return null;
        }

        StringBuilder? protocols = null;
        for (int line = head.Fields.NextIndex(KnownField.Upgrade, 0); line >= 0; line = head.Fields.NextIndex(KnownField.Upgrade, line + 1))
        {
            foreach (ReadOnlySpan<byte> protocol in new ListElements(head.Fields.ValueAt(line)))
            {
                if (IsTunnelled(protocol))
                {
                    protocols = (
                        protocols is null ? new StringBuilder() : protocols.Append(", ")).Append(Encoding.ASCII.GetString(protocol));
                }
            }
        }

        return protocols?.ToString();
    }

    /// <summary>
    /// Whether an answer's Upgrade names protocols that were all asked for: a server must not choose another (RFC 9110 §7.8).
    /// </summary>
    public static bool IsAmong(string answered, string asked)
    {
        string[] wishes = asked.Split(", ");
        string[] choices = answered.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return choices.Length > 0 && choices.All(choice => wishes.Contains(choice, StringComparer.OrdinalIgnoreCase));
    }

    private static bool IsNamedInConnection(FieldTable fields)
    {
        for (int line = fields.NextIndex(KnownField.Connection, 0); line >= 0; line = fields.NextIndex(KnownField.Connection, line + 1))
        {
            if (HopByHopFields.IsNamedIn(fields.ValueAt(line), "Upgrade"u8))
            {
                return true;
            }
        }

        return false;
    }

    // protocol = token [ "/" token ]
    private static bool IsTunnelled(ReadOnlySpan<byte> protocol)
    {
        int slash = protocol.IndexOf((byte)'/');
        ReadOnlySpan<byte> name = slash < 0 ? protocol : protocol[..slash];
        return FieldSyntax.IsToken(name)
            && (slash < 0 || FieldSyntax.IsToken(protocol[(slash + 1)..]))
            && !Ascii.EqualsIgnoreCase(name, "h2c"u8)
            && !Ascii.EqualsIgnoreCase(name, "h2"u8)
            && !Ascii.EqualsIgnoreCase(name, "HTTP"u8)
            && !Ascii.EqualsIgnoreCase(name, "TLS"u8);
    }
}
