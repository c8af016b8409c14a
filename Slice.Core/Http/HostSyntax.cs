using System.Buffers;
using System.Text;

namespace Slice.Core.Http;

/// <summary><c>uri-host [ ":" port ]</c> of RFC 9110 §7.2, as it stands in Host and in the authority of a target.</summary>
internal static class HostSyntax
{
    // reg-name of RFC 3986 §3.2.2 without percent-encoding, which no resolver sends: a host that needs decoding is a host two parties
    // may decode differently.
    private static readonly SearchValues<byte> s_nameBytes = SearchValues.Create(
        "!$&'()*+,-.0123456789;=ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~"u8);

    // An IPv6 address, with an IPv4 tail allowed. IPvFuture does not exist yet and is refused.
    private static readonly SearchValues<byte> s_addressBytes = SearchValues.Create("0123456789ABCDEFabcdef:."u8);

    /// <summary>
    /// Whether the bytes are a host with an optional port up to 65,535. An empty host is invalid, as §4.2.1 demands of http and https.
    /// <paramref name="hasPort"/> tells whether at least one digit follows the colon.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> host, out bool hasPort)
    {
        hasPort = false;
        bool isAddress = !host.IsEmpty && host[0] == '[';
        int nameEnd = isAddress ? host.IndexOf((byte)']') + 1 : host.IndexOf((byte)':');
        if (nameEnd < 0)
        {
            nameEnd = host.Length;
        }

        ReadOnlySpan<byte> rest = host[nameEnd..];
        if (!rest.IsEmpty && (rest[0] != ':' || !IsPort(rest[1..], out hasPort)))
        {
            return false;
        }

        return isAddress
            ? nameEnd >= "[::]".Length && !host[1..(nameEnd - 1)].ContainsAnyExcept(s_addressBytes)
            : nameEnd > 0 && !host[..nameEnd].ContainsAnyExcept(s_nameBytes);
    }

    // RFC 3986 §3.2.3 allows a colon with nothing behind it.
    private static bool IsPort(ReadOnlySpan<byte> digits, out bool hasPort)
    {
        hasPort = !digits.IsEmpty;
        return digits.IsEmpty || (DecimalDigits.TryParse(digits, out long port) && port <= ushort.MaxValue);
    }

    /// <summary>
    /// Writes the one normal form of a valid Host, whichever way it is spelled: in lower case (RFC 9110 §4.2.3), without the port when it
    /// is empty or the scheme's own, without zeros before it, and without the dot of an absolute name.
    /// </summary>
    /// <param name="host">Host and optional port, as received.</param>
    /// <param name="isTls">Whether the scheme is https.</param>
    /// <param name="destination">At least as long as the host.</param>
    /// <returns>Bytes written.</returns>
    public static int Normalize(ReadOnlySpan<byte> host, bool isTls, Span<byte> destination)
    {
        int colon = host.LastIndexOf((byte)':');
        bool hasPort = colon >= 0 && host[(colon + 1)..].IndexOf((byte)']') < 0;
        var port = hasPort ? host[(colon + 1)..].TrimStart((byte)'0') : default;
        var name = hasPort ? host[..colon] : host;
        name = name is [_, .., (byte)'.'] ? name[..^1] : name;
        Ascii.ToLower(name, destination, out int length);
        if (!port.IsEmpty && !port.SequenceEqual(isTls ? "443"u8 : "80"u8))
        {
            destination[length++] = (byte)':';
            port.CopyTo(destination[length..]);
            length += port.Length;
        }

        return length;
    }
}
