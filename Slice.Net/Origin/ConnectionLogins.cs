using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>
/// The logins that a server binds to the connection they come on: NTLM, and Negotiate, which may choose NTLM (RFC 4559 §6). What is sent on
/// that connection afterwards is taken for the same user's. Pure.
/// </summary>
internal static class ConnectionLogins
{
    /// <summary>Whether a response field has challenges.</summary>
    public static bool IsChallenge(ReadOnlySpan<byte> name) =>
        Ascii.EqualsIgnoreCase(name, "WWW-Authenticate"u8) || Ascii.EqualsIgnoreCase(name, "Proxy-Authenticate"u8);

    /// <summary>Whether one of the challenges, or the credentials, are of such a login.</summary>
    public static bool IsFor(ReadOnlySpan<byte> value)
    {
        foreach (ReadOnlySpan<byte> element in new ListElements(value))
        {
            int end = element.IndexOfAny((byte)' ', (byte)'\t');
            var scheme = end < 0 ? element : element[..end];
            if (Ascii.EqualsIgnoreCase(scheme, "NTLM"u8) || Ascii.EqualsIgnoreCase(scheme, "Negotiate"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a request comes with such a login, in whichever of its lines: nobody knows which of them an origin reads.</summary>
    public static bool IsIn(FieldTable fields)
    {
        for (int line = fields.NextIndex(KnownField.Authorization, 0);
             line >= 0;
             line = fields.NextIndex(KnownField.Authorization, line + 1))
        {
            if (IsFor(fields.ValueAt(line)))
            {
                return true;
            }
        }

        return false;
    }
}
