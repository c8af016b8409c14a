using System.Globalization;

namespace Slice.Core.Options;

/// <summary>
/// The address of the origin: <c>host:port</c>, <c>host</c> (port 80), <c>http://host:port</c> or <c>https://host:port</c> (port 443); an
/// IPv6 address stands in brackets.
/// </summary>
public static class OriginAddress
{
    /// <summary>How an address is written, in words for an error line.</summary>
    public const string Syntax =
        "HOST:PORT, HOST (port 80), http://HOST:PORT or https://HOST:PORT (port 443), without a path; port 1 to 65535";

    /// <summary>Most addresses of one origin: as many bits as remember which of them a request has tried.</summary>
    public const int MaxCount = 32;

    private const string HasMore = "only scheme, host and port belong here";

    /// <summary>Reads an address.</summary>
    /// <param name="text">The address.</param>
    /// <param name="address">What was read as an absolute URI with the path <c>/</c>, or null.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Parse(string text, out Uri? address)
    {
        address = null;
        string rest = text;
        bool isTls = false;
        int schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        if (schemeEnd >= 0)
        {
            isTls = text.AsSpan(0, schemeEnd).Equals(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase);
            if (!isTls && !text.AsSpan(0, schemeEnd).Equals(Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase))
            {
                return "the scheme is not http or https";
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

        address = isTls
            ? new UriBuilder(Uri.UriSchemeHttps, authority.Host, authority.Port ?? 443).Uri
            : new UriBuilder(Uri.UriSchemeHttp, authority.Host, authority.Port ?? 80).Uri;
        return null;
    }

    /// <summary>
    /// Writes an address with scheme and port; <see cref="Parse"/> reads it back. What is no absolute address stays as it is.
    /// </summary>
    public static string Format(Uri address) =>
        address.IsAbsoluteUri ? $"{address.Scheme}://{address.Host}:{address.Port}" : address.OriginalString;

    /// <summary>Checks the addresses of one origin: each for itself, and that they go together.</summary>
    /// <returns>Each problem with the address at fault and what is allowed instead.</returns>
    internal static IEnumerable<(string Address, string Problem, string Allowed)> CheckAll(IReadOnlyList<Uri> addresses)
    {
        if (addresses.Count is 0 or > MaxCount)
        {
            string count = string.Create(CultureInfo.InvariantCulture, $"{addresses.Count} addresses");
            yield return (count, addresses.Count == 0 ? "an empty list" : "too many", $"1 to {MaxCount} addresses");
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (Uri address in addresses)
        {
            string text = Format(address);
            if (Check(address) is string problem)
            {
                yield return (text, problem, Syntax);
            }
            else if (!seen.Add(text))
            {
                yield return (text, "listed twice", "each address once");
            }
            else if (addresses[0].IsAbsoluteUri && address.Scheme != addresses[0].Scheme)
            {
                yield return (text, $"not {addresses[0].Scheme} as the first address", "addresses of one scheme");
            }
        }
    }

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
