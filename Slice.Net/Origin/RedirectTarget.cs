using System.Globalization;
using System.Net;
using Slice.Core.Http;

namespace Slice.Net.Origin;

/// <summary>Where a redirect leads (RFC 9110 §10.2.2). Immutable. Its query may be a signature: it goes nowhere but to that host.</summary>
/// <param name="IsTls">Whether by https.</param>
/// <param name="Host">Name or address, in lower case; an IPv6 address in brackets.</param>
/// <param name="Port">The port.</param>
/// <param name="PathAndQuery">Path and query byte for byte: a signature covers them.</param>
internal sealed record RedirectTarget(bool IsTls, string Host, int Port, string PathAndQuery)
{
    // As long as a request-target of ours may be by default. Longer ones are told to the client.
    private const int LongestLocation = 8 << 10;

    /// <summary>The address as the pool needs it.</summary>
    public OriginEndpoint Endpoint
    {
        get
        {
            string authority = string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
            string name = (IsTls ? "https://" : "http://") + authority;
            string host = Port == (IsTls ? 443 : 80) ? Host : authority;
            return new OriginEndpoint(name, "http://" + authority, host, new DnsEndPoint(Host, Port));
        }
    }

    /// <summary>The target of a configured address.</summary>
    public static RedirectTarget Of(Uri address, string pathAndQuery) =>
        new(address.Scheme == Uri.UriSchemeHttps, address.Host, address.Port, pathAndQuery);

    /// <summary>Whether another target is at the same scheme, host and port.</summary>
    public bool IsAtSamePlace(RedirectTarget other) => IsTls == other.IsTls && Host == other.Host && Port == other.Port;

    /// <summary>Reads a Location. Null for one that is too long, no http or https, or not made of URI characters.</summary>
    /// <param name="location">The field's value: an absolute reference or a relative one.</param>
    /// <param name="current">What was asked for when the redirect came.</param>
    public static RedirectTarget? Parse(string? location, RedirectTarget current)
    {
        if (location is null || location.Length is 0 or > LongestLocation || location.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            return null;
        }

        int fragment = location.IndexOf('#', StringComparison.Ordinal);
        string reference = fragment < 0 ? location : location[..fragment];
        return StartsWith(reference, "https://") ? At(reference["https://".Length..], isTls: true)
            : StartsWith(reference, "http://") ? At(reference["http://".Length..], isTls: false)
            : StartsWith(reference, "//") ? At(reference[2..], current.IsTls)
            : HasScheme(reference) ? null
            : current with { PathAndQuery = Resolve(reference, current.PathAndQuery) };
    }

    private static RedirectTarget? At(string rest, bool isTls)
    {
        int end = rest.AsSpan().IndexOfAny('/', '?');
        string authority = end < 0 ? rest : rest[..end];
        string path = end < 0 ? "/" : rest[end] == '?' ? "/" + rest[end..] : rest[end..];
        byte[] bytes = System.Text.Encoding.ASCII.GetBytes(authority);
        if (!HostSyntax.IsValid(bytes, out _) || !Uri.TryCreate("http://" + authority, UriKind.Absolute, out var uri))
        {
            return null;
        }

        // Uri has 80 for no port, and for an empty one.
        int colon = authority.LastIndexOf(':');
        bool hasPort = colon >= 0 && colon < authority.Length - 1 && !authority[colon..].Contains(']', StringComparison.Ordinal);
        int port = hasPort ? uri.Port : isTls ? 443 : 80;
        return port == 0 ? null : new RedirectTarget(isTls, uri.Host, port, path);
    }

    // RFC 3986 §5.2.2. Dot segments go only where a relative path has to be merged.
    private static string Resolve(string reference, string basePathAndQuery)
    {
        if (reference.StartsWith('/'))
        {
            return reference;
        }

        int query = basePathAndQuery.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? basePathAndQuery : basePathAndQuery[..query];
        return reference.Length == 0 ? basePathAndQuery
            : reference.StartsWith('?') ? path + reference
            : new Uri(new Uri("http://a" + path), reference).PathAndQuery;
    }

    private static bool HasScheme(string reference)
    {
        int colon = reference.IndexOf(':', StringComparison.Ordinal);
        return colon >= 0 && !reference.AsSpan(0, colon).ContainsAny('/', '?');
    }

    private static bool StartsWith(string text, string prefix) => text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase);
}
