using System.Net;

namespace Slice.Core.Options;

/// <summary>Addresses an instance listens on, <c>address:port</c>: an IPv4 address or an IPv6 address in brackets, never a name.</summary>
public static class ListenAddress
{
    /// <summary>How an address is written, in words for an error line.</summary>
    public const string Syntax = "ADDRESS:PORT, such as 0.0.0.0:8080 or [::1]:8080; port 0 to 65535, where 0 is any free port";

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="endPoint">What was read, or null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Parse(string text, out IPEndPoint? endPoint)
    {
        endPoint = null;
        if (HostAndPort.Parse(text, out HostAndPort authority) is string problem)
        {
            return problem;
        }

        if (authority.Address is not IPAddress address)
        {
            return "a name, and what it resolves to may change";
        }

        if (authority.Port is not int port)
        {
            return "the port is missing";
        }

        endPoint = new IPEndPoint(address, port);
        return null;
    }

    /// <summary>Whether two listeners would want the same port of the same address.</summary>
    internal static bool Collide(IPEndPoint first, IPEndPoint second)
    {
        if (first.Port != second.Port || first.Port == 0)
        {
            return false;
        }

        // A wildcard takes every address of its family, and [::] takes IPv4 as well.
        return first.Address.Equals(second.Address)
            || first.Address.Equals(IPAddress.IPv6Any) || second.Address.Equals(IPAddress.IPv6Any)
            || (first.AddressFamily == second.AddressFamily
                && (first.Address.Equals(IPAddress.Any) || second.Address.Equals(IPAddress.Any)));
    }
}
