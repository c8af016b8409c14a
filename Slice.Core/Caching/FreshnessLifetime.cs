using System.Globalization;
using Slice.Core.Options;

namespace Slice.Core.Caching;

/// <summary>
/// How long a response is fresh (B27): <c>X-Accel-Expires</c>, then <c>CDN-Cache-Control</c>, then <c>s-maxage</c>, <c>max-age</c>,
/// <c>Expires</c>, then what the operator sets for its path and status. Pure.
/// </summary>
internal static class FreshnessLifetime
{
    /// <summary>nginx's field; it speaks to the proxy and is not sent on.</summary>
    public const string AccelExpiresFieldName = "X-Accel-Expires";

    // RFC 9111 §4.2.2 calls 10 % typical.
    private const int AgePerLifetime = 10;

    /// <summary>The lifetime that stands in for whatever the response states; null when the operator forces none.</summary>
    /// <param name="status">The response's status.</param>
    /// <param name="rule">The operator's rule for path and status, or null.</param>
    /// <param name="policy">The operator's part.</param>
    public static TimeSpan? Forced(int status, CacheRule? rule, CachePolicy policy) =>
        rule is { Override: true, Ttl: { } forced } ? forced
        : policy.OverridesLifetime && status is 200 or 206 ? rule?.Ttl ?? policy.DefaultLifetime
        : null;

    /// <summary>The lifetime that the response states; null when it states none that can be read.</summary>
    /// <param name="directives">Cache-Control or what stands in for it.</param>
    /// <param name="accelExpires">X-Accel-Expires, or null: seconds, or <c>@</c> and a Unix time.</param>
    /// <param name="expires">
    /// The time of Expires; null when absent or replaced by a targeted field. The least time for one that cannot be read.
    /// </param>
    /// <param name="date">When the response was made.</param>
    public static TimeSpan? Stated(in CacheControl directives, string? accelExpires, DateTimeOffset? expires, DateTimeOffset date)
    {
        if (TryReadAccelExpires(accelExpires, date, out var stated))
        {
            return stated;
        }

        if ((directives.SharedMaxAge ?? directives.MaxAge) is { } age)
        {
            return age;
        }

        return expires is not { } end ? null : end > date ? end - date : TimeSpan.Zero;
    }

    /// <summary>The lifetime of a response that states none; null when it is not kept.</summary>
    /// <param name="status">The response's status.</param>
    /// <param name="isPublic">Whether it says public.</param>
    /// <param name="fileAge">
    /// How long before the response its file was modified, zero when that is not known; null when the response is no file.
    /// </param>
    /// <param name="policy">The operator's part.</param>
    public static TimeSpan? Default(int status, bool isPublic, TimeSpan? fileAge, CachePolicy policy) => status switch
    {
        200 or 203 or 206 or 300 or 301 or 308 when policy.IsNamedPath => policy.DefaultLifetime,

        // Nobody has said that this path holds files, and a page or a playlist made for one client at one moment looks like any other 200.
        200 or 206 when !policy.IsNamedPath => OfFile(fileAge, policy.DefaultLifetime),
        203 or (>= 300 and < 400) when !policy.IsNamedPath => null,

        // Of the others of RFC 9110 §15.1 that may be kept without being told so, and of those that say public (RFC 9111 §4.2.2), the ones
        // that tell of the object. Which request a 405, 414 or 501 finds fault with, no key says (B52).
        204 or 404 or 410 when policy.NegativeLifetime > TimeSpan.Zero => policy.NegativeLifetime,
        _ when isPublic && StoredResponse.IsAboutTheObject(status) && policy.NegativeLifetime > TimeSpan.Zero => policy.NegativeLifetime,
        _ => null,
    };

    private static TimeSpan? OfFile(TimeSpan? age, TimeSpan longest) =>
        age is not { } known ? null
        : known / AgePerLifetime is var lifetime && lifetime < longest ? lifetime
        : longest;

    private static bool TryReadAccelExpires(string? value, DateTimeOffset date, out TimeSpan lifetime)
    {
        lifetime = default;
        if (value is null)
        {
            return false;
        }

        bool isTime = value.StartsWith('@');
        if (!long.TryParse(value.AsSpan(isTime ? 1 : 0), NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || number > int.MaxValue * 4L)
        {
            return false;
        }

        lifetime = isTime ? DateTimeOffset.FromUnixTimeSeconds(number) - date : TimeSpan.FromSeconds(number);
        lifetime = lifetime > TimeSpan.Zero ? lifetime : TimeSpan.Zero;
        return true;
    }
}
