namespace Slice.Core.Options;

/// <summary>The address of the origin: <c>host:port</c>, <c>host</c> (port 80) or <c>http://host:port</c>; an IPv6 address stands in brackets.</summary>
public static class OriginAddress
{
    /// <summary>How an address is written, in words for an error line.</summary>
    public const string Syntax = "HOST:PORT, HOST (port 80) or http://HOST:PORT, without a path; port 1 to 65535";

    private const string TlsNotBuilt = "TLS to the origin is not built yet";
    private const string HasMore = "only scheme, host and port belong here";

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="address">What was read as an absolute URI with the path <c>/</c>, or null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Parse(string text, out Uri? address)
    {
        address = null;
        string rest = text;
        int schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        if (schemeEnd >= 0)
        {
            string scheme = text[..schemeEnd];
            if (scheme.Equals(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase))
            {
                return TlsNotBuilt;
            }

            if (!scheme.Equals(Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase))
            {
                return "the scheme is not http";
            }

            rest = text[(schemeEnd + 3)..];
            rest = rest.EndsWith('/') ? rest[..^1] : rest;
        }

        if (rest.AsSpan().ContainsAny("/?#@"))
        {
            return HasMore;
        }

        if (HostAndPort.Parse(rest, out HostAndPort authority) is string problem)
        {
            return problem;
        }

        if (authority.Port == 0)
        {
            return "no origin listens on port 0";
        }

        address = new UriBuilder(Uri.UriSchemeHttp, authority.Host, authority.Port ?? 80).Uri;
        return null;
    }

    /// <summary>Writes an address with scheme and port; <see cref="Parse"/> reads it back.</summary>
    public static string Format(Uri address) => $"{address.Scheme}://{address.Host}:{address.Port}";

    /// <summary>Checks an address that did not come from <see cref="Parse"/>.</summary>
    /// <returns>What is wrong, or null.</returns>
    internal static string? Check(Uri address)
    {
        if (!address.IsAbsoluteUri)
        {
            return "not an absolute address";
        }

        bool hasMore = address.PathAndQuery != "/" || address.Fragment.Length > 0 || address.UserInfo.Length > 0;
        return hasMore ? HasMore : Parse(Format(address), out _);
    }
}
