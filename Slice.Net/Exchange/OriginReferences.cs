using System.Text;
using Slice.Core.Http;
using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>
/// Finds references to the origin's own address in what it answers: a client that follows one goes past us, to an address that it may not
/// reach (B64). nginx's <c>proxy_redirect default</c>. Immutable.
/// </summary>
internal sealed class OriginReferences
{
    // A name has at most 253 bytes, a port 5. What is longer is no address of ours.
    private const int LongestAuthority = 300;

    private readonly byte[][] _authorities;
    private readonly byte[][] _ports;
    private readonly byte[] _scheme;
    private readonly bool _isTls;
    private readonly bool _forwardHost;

    /// <summary>The addresses of a valid configuration, which are all of one scheme.</summary>
    public OriginReferences(SliceOptions options)
    {
        _isTls = options.UsesUpstreamTls;
        _scheme = _isTls ? "https://"u8.ToArray() : "http://"u8.ToArray();
        _authorities = [.. options.UpstreamAddresses.Select(address => Encoding.ASCII.GetBytes(address.Authority))];
        _ports = [.. _authorities.Select(static authority => PortOf(authority).ToArray())];
        _forwardHost = options.ForwardHost;
    }

    /// <summary>
    /// Whether a reference begins with an address of the origin, in any spelling: <c>http://HOST:PORT</c> or <c>//HOST:PORT</c>.
    /// </summary>
    /// <param name="reference">An absolute or relative reference (RFC 3986 §4.1), and perhaps more behind it.</param>
    /// <param name="clientHost">The host that the client asked for, as received; empty for none.</param>
    /// <param name="clientIsTls">Whether the client asked by https.</param>
    /// <param name="length">Bytes of scheme and authority.</param>
    /// <remarks>
    /// The name that the client asked for is no address of the origin's where neither has a port besides the scheme's: a redirect from
    /// http to https must stay one. With <c>forward_host</c> the origin names the client's host, and some put their own port behind it.
    /// </remarks>
    public bool TryFind(ReadOnlySpan<byte> reference, ReadOnlySpan<byte> clientHost, bool clientIsTls, out int length)
    {
        length = 0;
        bool hasScheme = reference.Length > _scheme.Length && Ascii.EqualsIgnoreCase(reference[.._scheme.Length], _scheme);
        int start = hasScheme ? _scheme.Length : reference.StartsWith("//"u8) ? 2 : 0;
        if (start == 0)
        {
            return false;
        }

        int end = reference[start..].IndexOfAny("/?#\"'"u8);
        var authority = end < 0 ? reference[start..] : reference[start..][..end];
        length = start + authority.Length;
        if (authority.Length > LongestAuthority || !HostSyntax.IsValid(authority, out _))
        {
            return false;
        }

        Span<byte> normal = stackalloc byte[LongestAuthority];
        normal = normal[..HostSyntax.Normalize(authority, _isTls, normal)];
        if (clientHost.Length > LongestAuthority)
        {
            return IsIn(_authorities, normal);
        }

        Span<byte> client = stackalloc byte[LongestAuthority];
        return IsOfOrigin(normal, client[..HostSyntax.Normalize(clientHost, clientIsTls, client)]);
    }

    // Both in normal form, without the port of their schemes.
    private bool IsOfOrigin(ReadOnlySpan<byte> authority, ReadOnlySpan<byte> client)
    {
        var port = PortOf(authority);
        bool isClientsName = authority[..^port.Length].SequenceEqual(client[..^PortOf(client).Length]);
        if (isClientsName && port.IsEmpty && PortOf(client).IsEmpty)
        {
            return false;
        }

        return IsIn(_authorities, authority) || (_forwardHost && isClientsName && IsIn(_ports, port));
    }

    // With its colon; empty for none.
    private static ReadOnlySpan<byte> PortOf(ReadOnlySpan<byte> authority)
    {
        int colon = authority.LastIndexOf((byte)':');
        return colon >= 0 && authority[colon..].IndexOf((byte)']') < 0 ? authority[colon..] : default;
    }

    private static bool IsIn(byte[][] texts, ReadOnlySpan<byte> text)
    {
        foreach (byte[] candidate in texts)
        {
            if (text.SequenceEqual(candidate))
            {
                return true;
            }
        }

        return false;
    }
}
