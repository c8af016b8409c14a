using System.Net;
using System.Net.Sockets;
using System.Text;
using Slice.Core.Http;

namespace Slice.Net.Exchange;

/// <summary>Our element of the Forwarded field (RFC 7239 §4): who asked us, for which host, by which scheme. Pure.</summary>
internal static class ForwardedElement
{
    /// <summary>The field line with this one element, to be appended to the lines that the client sent.</summary>
    public static ForwardedField Of(EndPoint? client, ReadOnlySpan<byte> host, bool isTls)
    {
        string value = "for=" + NodeOf(client);
        if (!host.IsEmpty)
        {
            // A valid Host has neither quotes nor backslashes; only a token may stand without quotes.
            string text = Encoding.Latin1.GetString(host);
            value += FieldSyntax.IsToken(host) ? ";host=" + text : $";host=\"{text}\"";
        }

        return new ForwardedField("Forwarded", value + (isTls ? ";proto=https" : ";proto=http"));
    }

    // RFC 7239 §6: an IPv6 address stands in brackets, which need quotes; who is not known by an address is unknown.
    private static string NodeOf(EndPoint? client)
    {
        if (client is not IPEndPoint { Address: var address })
        {
            return "unknown";
        }

        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetworkV6 ? $"\"[{new IPAddress(plain.GetAddressBytes())}]\"" : plain.ToString();
    }
}
