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
            int end = element.IndexOf((byte)' ');
            var scheme = end < 0 ? element : element[..end];
            if (Ascii.EqualsIgnoreCase(scheme, "NTLM"u8) || Ascii.EqualsIgnoreCase(scheme, "Negotiate"u8))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a request comes with such a login.</summary>
    public static bool IsIn(FieldTable fields) => fields.TryGet(KnownField.Authorization, out var credentials) && IsFor(credentials);
}
