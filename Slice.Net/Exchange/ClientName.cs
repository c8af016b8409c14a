namespace Slice.Net.Exchange;

/// <summary>Tells clients apart where something is shared out among them. Pure.</summary>
internal static class ClientName
{
    /// <summary>
    /// The address of an IPv4 client. The first 64 bits of that of an IPv6 client: one client has all addresses that begin so (RFC 6177
    /// §2). Empty for a client without a known address.
    /// </summary>
    public static string Of(ClientAddress client) =>
        !client.IsKnown ? "" : (client.IsIPv4 ? client : client.Network64).ToString();
}
