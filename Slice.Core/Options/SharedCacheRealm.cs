using System.Security.Cryptography;
using System.Text;

namespace Slice.Core.Options;

/// <summary>
/// What instances must have in common to share anything: the origin, what makes their cache keys, what they take for one version, whether
/// they keep answers with cookies, and the secret that values are signed with. One that is content with less would put slices of two
/// versions under the name of one; two secrets under one name would make each take the news of the other for lost. Pure.
/// </summary>
public static class SharedCacheRealm
{
    /// <summary>The keys that count. With a shared cache they wait for a restart.</summary>
    public static IReadOnlyList<string> Keys { get; } =
    [
        "upstream_address", "forward_host", "validator", "cache_key.query", "cache_key.ignored_arguments", "cache_key.fields",
        "cache_set_cookie", "shared_cache.mac_key",
    ];

    /// <summary>The realm of a configuration, as one text.</summary>
    public static string Of(SliceOptions options) => string.Join(
        '\n',
        [
            .. options.UpstreamAddresses.Select(static address => address.GetLeftPart(UriPartial.Path)).Order(StringComparer.Ordinal),
            options.ForwardHost ? "host" : "",
            options.Validator.ToString(),
            options.CacheKeyQuery.ToString(),
            string.Join(' ', options.CacheKeyIgnoredArguments.Order(StringComparer.Ordinal)),
            string.Join(' ', options.CacheKeyFields.Order(StringComparer.OrdinalIgnoreCase)),
            .. options.CacheSetCookie ? (ReadOnlySpan<string>)["set-cookie"] : [],
            .. options.SharedCache.MacKey is { } key ? (ReadOnlySpan<string>)[MarkOf(key)] : [],
        ]);

    // Tells secrets apart and gives none away.
    private static string MarkOf(string macKey) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(macKey), "realm"u8));
}
