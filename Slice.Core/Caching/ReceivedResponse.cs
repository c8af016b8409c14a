using Slice.Core.Http;
using Slice.Core.Options;
using Slice.Core.Origin;

namespace Slice.Core.Caching;

/// <summary>
/// What a response that has just come says to caches, read once: its directives, its dates, its lifetime. Everything that is decided about
/// the response afterwards goes by this. Immutable.
/// </summary>
public readonly struct ReceivedResponse
{
    private ReceivedResponse(OriginResponse response, Instant receivedAt) => (Response, ReceivedAt) = (response, receivedAt);

    /// <summary>The response; its owner is whoever received it.</summary>
    public OriginResponse Response { get; }

    /// <summary>When its head came.</summary>
    public Instant ReceivedAt { get; }

    /// <summary>
    /// Its Cache-Control, or the targeted field that stands in for it (RFC 9213 §2.2), without what the operator ignores.
    /// </summary>
    internal CacheControl Directives { get; private init; }

    /// <summary>Its Date; null when there is none that can be read.</summary>
    internal DateTimeOffset? Date { get; private init; }

    /// <summary>Its freshness lifetime; null when nothing gives one, so that the response is not kept.</summary>
    internal TimeSpan? Lifetime { get; private init; }

    /// <summary>Whether its cookies count as not being there: they neither forbid to keep it nor are kept.</summary>
    internal bool IgnoresSetCookie { get; private init; }

    /// <summary>Whether a rule of the operator's names its path and status.</summary>
    internal bool IsNamedByRule { get; private init; }

    /// <summary>Whether parts of what it carries can be had: it is one, or says that bytes may be asked for (RFC 9110 §14.3).</summary>
    internal bool HasRanges { get; private init; }

    /// <summary>Whether it can be validated later.</summary>
    internal bool HasValidator => Response.FindCombined("ETag") is not null || Response.FindCombined("Last-Modified") is not null;

    /// <summary>Reads a response as it came.</summary>
    /// <param name="response">The response.</param>
    /// <param name="status">Its status, or of what it confirms.</param>
    /// <param name="receivedAt">When its head came.</param>
    /// <param name="policy">The operator's part.</param>
    internal static ReceivedResponse Read(OriginResponse response, int status, Instant receivedAt, CachePolicy policy) =>
        Read(response, response.Fields.AsSpan(), status, response.Status == 206, response.ContentLength, receivedAt, policy);

    /// <summary>
    /// Reads a stored response that <paramref name="latest"/> has confirmed: what counts is in <paramref name="lines"/>, the stored fields
    /// with their updates, but for the fields that are never stored.
    /// </summary>
    /// <param name="latest">What came.</param>
    /// <param name="lines">The fields that count.</param>
    /// <param name="status">The status that they belong to.</param>
    /// <param name="hasRanges">Whether parts can be had, as far as is known without <paramref name="latest"/>.</param>
    /// <param name="lengthBytes">Bytes of the body that they belong to; negative when not known.</param>
    /// <param name="receivedAt">When the head came.</param>
    /// <param name="policy">The operator's part.</param>
    internal static ReceivedResponse Read(
        OriginResponse latest,
        ReadOnlySpan<ForwardedField> lines,
        int status,
        bool hasRanges,
        long lengthBytes,
        Instant receivedAt,
        CachePolicy policy)
    {
        var targeted = TargetedCacheControl.TryParse(FieldLines.Combine(lines, TargetedCacheControl.FieldName));
        var directives = targeted ?? CacheControl.Parse(FieldLines.Combine(lines, "Cache-Control") ?? "");
        var date = FieldLines.Find(lines, "Date") is { } value ? ParseDate(value, receivedAt.Utc) : null;
        string? expires = FieldLines.Combine(lines, "Expires");
        string? accelExpires = latest.FindSingle(FreshnessLifetime.AccelExpiresFieldName);

        // RFC 9213 §2.2: where a targeted field counts, Expires does not. RFC 9111 §5.3: a date that cannot be read, "0" above all, is
        // in the past.
        DateTimeOffset? expiresAt = targeted is null && expires is not null
            ? ParseDate(expires, receivedAt.Utc) ?? DateTimeOffset.MinValue
            : null;
        var rule = policy.RuleFor(status);
        directives = rule is null ? directives : directives.Without(rule.Ignore);
        hasRanges |= HasToken(latest.FindCombined("Accept-Ranges"), "bytes");
        bool isFile = hasRanges || lengthBytes > policy.LongestPageBytes;
        return new ReceivedResponse(latest, receivedAt)
        {
            Directives = directives,
            Date = date,
            Lifetime = FreshnessLifetime.Forced(status, rule, policy)
                ?? FreshnessLifetime.Stated(directives, accelExpires, expiresAt, date ?? receivedAt.Utc)
                ?? rule?.Ttl
                ?? FreshnessLifetime.Default(status, directives.IsPublic, isFile ? AgeOfFile(lines, date, receivedAt.Utc) : null, policy),
            HasRanges = hasRanges,
            IsNamedByRule = rule is not null,
            IgnoresSetCookie = rule?.Ignores(CacheIgnore.SetCookie) == true,
        };
    }

    // A file has a strong validator (RFC 9110 §8.8.1, §8.8.2.2): else null. A date that is not in the past tells no age.
    private static TimeSpan? AgeOfFile(ReadOnlySpan<ForwardedField> lines, DateTimeOffset? date, DateTimeOffset receivedAt)
    {
        var modified = FieldLines.Find(lines, "Last-Modified") is { } value ? ParseDate(value, receivedAt) : null;
        var age = (date ?? receivedAt) - modified;
        bool isDateStrong = age >= TimeSpan.FromSeconds(1);
        bool isTagStrong = FieldLines.Find(lines, "ETag")?.StartsWith('"') == true;
        return isDateStrong ? age : isTagStrong ? TimeSpan.Zero : null;
    }

    private static bool HasToken(string? list, string token)
    {
        foreach (var range in list.AsSpan().Split(','))
        {
            if (list.AsSpan(range).Trim(" \t").Equals(token, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>An HTTP-date (RFC 9110 §5.6.7), or null.</summary>
    internal static DateTimeOffset? ParseDate(string value, DateTimeOffset now) =>
        HttpDate.TryParse(value, now, out var date) ? date : null;
}
