using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Slice.Core.Options;

/// <summary>
/// The authority of a configured address, <c>host:port</c>, without userinfo. An IPv6 address stands in brackets
/// (RFC 3986 §3.2.2), so that the colon before the port is the only one outside them.
/// </summary>
internal readonly record struct HostAndPort(string Host, int? Port)
{
    // RFC 1035 §2.3.4: a name has at most 255 octets on the wire, 253 as text.
    private const int LongestHost = 253;

    private static readonly SearchValues<char> s_hexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    /// <summary>Splits and checks an authority. <see cref="Host"/> keeps the brackets of an IPv6 address.</summary>
    /// <param name="text">The authority.</param>
    /// <param name="authority">What was read; meaningless when the result is not null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Parse(string text, out HostAndPort authority)
    {
        authority = default;
        int bracketAt = text.LastIndexOf(']');
        int colonAt = text.LastIndexOf(':');
        bool hasPort = colonAt > bracketAt;
        string host = hasPort ? text[..colonAt] : text;
        if (!host.StartsWith('[') && host.Contains(':', StringComparison.Ordinal))
        {
            return "an IPv6 address goes in brackets";
        }

        int? port = null;
        if (hasPort)
        {
            if (!WholeNumber.TryParse(text[(colonAt + 1)..], out long number) || number is < 0 or > 65_535)
            {
                return "the port is not a number from 0 to 65535";
            }

            port = (int)number;
        }

        authority = new HostAndPort(host, port);
        return IsIPv6InBrackets(host) || IsIPv4(host) || IsName(host) ? null : "not a host name, IPv4 address or IPv6 address in brackets";
    }

    /// <summary>
    /// Whether a text is a host alone: a name, an IPv4 address, or an IPv6 address without brackets, as certificates have it.
    /// </summary>
    public static bool IsHost(string text) => IsName(text) || IsIPv4(text) || IsIPv6InBrackets($"[{text}]");

    /// <summary>The address when the host is one, else null.</summary>
    public IPAddress? Address => IsIPv4(Host) || IsIPv6InBrackets(Host) ? IPAddress.Parse(Host.Trim('[', ']')) : null;

    // IPAddress.TryParse reads a zone, and brackets and a port of its own; none of them belongs inside the brackets here.
    private static bool IsIPv6InBrackets(string host) =>
        host.StartsWith('[') && host.EndsWith(']')
        && !host.AsSpan(1, host.Length - 2).ContainsAny("%[]")
        && IPAddress.TryParse(host.AsSpan(1, host.Length - 2), out IPAddress? address)
        && address.AddressFamily == AddressFamily.InterNetworkV6;

    // IPAddress.TryParse takes "1", "0x7f.1" and octal parts; only four decimal parts are an address here (RFC 3986 §3.2.2).
    private static bool IsIPv4(string host)
    {
        string[] parts = host.Split('.');
        return parts.Length == 4
            && parts.All(
                part => part.Length <= 3 && WholeNumber.TryParse(part, out long number) && number is >= 0 and <= 255 && part[0] != '-');
    }

    // A name whose last label is a number would be taken for an IPv4 address by resolvers, and by Uri, which rewrites it.
    private static bool IsName(string host)
    {
        string[] labels = host.Split('.');
        return host.Length is > 0 and <= LongestHost
            && labels.All(IsLabel)
            && !IsNumber(labels[^1]);
    }

    // inet_aton(3) reads decimal, octal and hexadecimal numbers.
    private static bool IsNumber(string label) =>
        label.All(char.IsAsciiDigit)
        || (label.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && label.AsSpan(2).IndexOfAnyExcept(s_hexDigits) < 0);

    // Underscores are no part of host names (RFC 1123 §2.1), yet container networks hand them out.
    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63
        && label.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
        && label[0] != '-' && label[^1] != '-';

    /// <summary>The authority as text, with the port when there is one.</summary>
    public override string ToString() => Port is int port ? string.Create(CultureInfo.InvariantCulture, $"{Host}:{port}") : Host;
}
