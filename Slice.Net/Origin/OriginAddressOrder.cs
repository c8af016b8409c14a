using System.Net;
using System.Net.Sockets;

namespace Slice.Net.Origin;

/// <summary>In which order the addresses of a name are tried (RFC 8305 §4). Pure.</summary>
internal static class OriginAddressOrder
{
    /// <summary>Most addresses that one connect tries. Arbitrary: at 250 ms each, as many as the default of 10 s has time for.</summary>
    public const int MaxCount = 32;

    /// <summary>
    /// Those addresses that can be used, each once: first those that have not failed a short while ago, in the order of the resolver but
    /// with the families in turn, beginning with that of the first; then the others in the same way.
    /// </summary>
    /// <param name="addresses">What the resolver said, in its order, which is that of RFC 6724 §6.</param>
    /// <param name="port">The port of all of them.</param>
    /// <param name="isSupported">Whether this machine has the family.</param>
    /// <param name="hasFailed">Whether an address gave no connection a short while ago.</param>
    /// <returns>At most <see cref="MaxCount"/> addresses; none when no family is supported.</returns>
    public static List<IPEndPoint> Of(
        IEnumerable<IPAddress> addresses, int port, Func<AddressFamily, bool> isSupported, Func<IPEndPoint, bool> hasFailed)
    {
        // A socket for IPv6 alone does not reach ::ffff:192.0.2.1.
        var usable = addresses
            .Select(static address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)
            .Where(address => isSupported(address.AddressFamily))
            .Distinct()
            .Select(address => new IPEndPoint(address, port))
            .ToLookup(hasFailed);
        return [.. InTurn(usable[false]).Concat(InTurn(usable[true])).Take(MaxCount)];
    }

    private static IEnumerable<IPEndPoint> InTurn(IEnumerable<IPEndPoint> endPoints)
    {
        var families = endPoints.GroupBy(static endPoint => endPoint.AddressFamily).Select(static family => family.ToArray()).ToArray();
        int longest = families.Length == 0 ? 0 : families.Max(static family => family.Length);
        return Enumerable.Range(0, longest)
            .SelectMany(index => families.Where(family => index < family.Length).Select(family => family[index]));
    }
}
