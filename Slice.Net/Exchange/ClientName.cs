using System.Net;
using System.Net.Sockets;

namespace Slice.Net.Exchange;

/// <summary>Tells clients apart where something is shared out among them. Pure.</summary>
internal static class ClientName
{
    /// <summary>
    /// The address of an IPv4 client. The first 64 bits of that of an IPv6 client: one client has all addresses that begin so (RFC 6177
    /// §2). Empty for any other end of a connection.
    /// </summary>
    public static string Of(EndPoint? client)
    {
        if (client is not IPEndPoint { Address: var address })
        {
            return "";
        }

        if (address.IsIPv4MappedToIPv6 || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes).ToString();
    }
}
