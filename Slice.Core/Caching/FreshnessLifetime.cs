using System.Globalization;

namespace Slice.Core.Caching;

/// <summary>
/// How long a response is fresh (B27): <c>X-Accel-Expires</c>, then <c>CDN-Cache-Control</c>, then <c>s-maxage</c>, <c>max-age</c>,
/// <c>Expires</c>, then what the operator sets for its status. Pure.
/// </summary>
internal static class FreshnessLifetime
{
    /// <summary>nginx's field; it speaks to the proxy and is not sent on.</summary>
    public const string AccelExpiresFieldName = "X-Accel-Expires";

    /// <summary>The lifetime; null when nothing states one.</summary>
    /// <param name="status">The response's status.</param>
    /// <param name="directives">Cache-Control or what stands in for it.</param>
    /// <param name="accelExpires">X-Accel-Expires, or null: seconds, or <c>@</c> and a Unix time.</param>
    /// <param name="expires">
    /// The time of Expires; null when absent or replaced by a targeted field. The least time for one that cannot be read.
    /// </param>
    /// <param name="date">When the response was made.</param>
    /// <param name="policy">The operator's part.</param>
    public static TimeSpan? Of(
        int status, in CacheControl directives, string? accelExpires, DateTimeOffset? expires, DateTimeOffset date, CachePolicy policy)
    {
        if (policy.OverridesLifetime && status is 200 or 206)
        {
            return policy.DefaultLifetime;
        }

        if (TryReadAccelExpires(accelExpires, date, out var stated))
        {
            return stated;
        }

        if ((directives.SharedMaxAge ?? directives.MaxAge) is { } age)
        {
            return age;
        }

        if (expires is { } end)
        {
            return end > date ? end - date : TimeSpan.Zero;
        }

        return status switch
        {
            200 or 203 or 206 or 300 or 301 or 308 => policy.DefaultLifetime,

            // The others of RFC 9110 §15.1 that may be kept without being told so; and any, when public says so (RFC 9111 §4.2.2).
            204 or 404 or 405 or 410 or 414 or 501 when policy.NegativeLifetime > TimeSpan.Zero => policy.NegativeLifetime,
            _ when directives.IsPublic && policy.NegativeLifetime > TimeSpan.Zero => policy.NegativeLifetime,
            _ => null,
        };
    }

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
