using System.Text;
using Slice.Core.Http;
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

    /// <summary>Its Cache-Control, or the targeted field that stands in for it (RFC 9213 §2.2).</summary>
    internal CacheControl Directives { get; private init; }

    /// <summary>Its Date; null when there is none that can be read.</summary>
    internal DateTimeOffset? Date { get; private init; }

    /// <summary>Its freshness lifetime; null when neither the response nor the operator gives one to this status.</summary>
    internal TimeSpan? Lifetime { get; private init; }

    /// <summary>Whether the response itself says how long it is fresh, or that it is for the public.</summary>
    internal bool StatesLifetime { get; private init; }

    /// <summary>Whether it can be validated later.</summary>
    internal bool HasValidator => Response.FindCombined("ETag") is not null || Response.FindCombined("Last-Modified") is not null;

    /// <summary>Reads a response as it came.</summary>
    internal static ReceivedResponse Read(OriginResponse response, Instant receivedAt, CachePolicy policy) =>
        Read(response, response.Fields, response.Status, receivedAt, policy);

    /// <summary>
    /// Reads a stored response that <paramref name="latest"/> has confirmed: what counts is in <paramref name="lines"/>, the stored fields
    /// with their updates, but for the one field that is never stored.
    /// </summary>
    internal static ReceivedResponse Read(
        OriginResponse latest, IReadOnlyList<ForwardedField> lines, int status, Instant receivedAt, CachePolicy policy)
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
        return new ReceivedResponse(latest, receivedAt)
        {
            Directives = directives,
            Date = date,
            Lifetime = FreshnessLifetime.Of(status, directives, accelExpires, expiresAt, date ?? receivedAt.Utc, policy),
            StatesLifetime = directives.IsPublic || directives.MaxAge is not null || directives.SharedMaxAge is not null
                || expires is not null || FieldLines.Find(lines, FreshnessLifetime.AccelExpiresFieldName) is not null,
        };
    }

    /// <summary>An HTTP-date (RFC 9110 §5.6.7), or null.</summary>
    internal static DateTimeOffset? ParseDate(string value, DateTimeOffset now) =>
        HttpDate.TryParse(Encoding.Latin1.GetBytes(value), now, out var date) ? date : null;
}
