using Slice.Core.Origin;

namespace Slice.Core.Caching;

/// <summary>Whether a response may be kept for other requests, and if not, why (RFC 9111 §3, B28, B29). Pure.</summary>
internal static class Storability
{
    /// <summary>Decides from what the response says to caches and what the request says about sharing.</summary>
    /// <returns><see cref="CacheDetail.None"/> when the response may be kept, else the first reason against keeping.</returns>
    public static CacheDetail Judge(in ReceivedResponse received, RequestSharing request)
    {
        var directives = received.Directives;
        int status = received.Response.Status;
        if (request == RequestSharing.Forbidden)
        {
            return CacheDetail.RequestNoStore;
        }

        // RFC 9111 §5.2.2.3: an origin that says must-understand beside no-store means the latter for those who do not know the status.
        if (directives.MustUnderstand ? !IsUnderstood(status) : directives.NoStore)
        {
            return CacheDetail.NoStore;
        }

        if (directives.IsPrivate)
        {
            return CacheDetail.Private;
        }

        if (received.Lifetime is not { } lifetime)
        {
            return CacheDetail.NoLifetime;
        }

        if (request == RequestSharing.Own && !IsForEverybody(directives, status))
        {
            return CacheDetail.OwnFields;
        }

        return IsOfUseLater(received, lifetime) ? CacheDetail.None : CacheDetail.StaleOnArrival;
    }

    /// <summary>
    /// Whether a response is the same whoever asks, by its own word. RFC 9111 §3.5, which speaks of Authorization; a cookie or a key in a
    /// field of its own says as much about who asks. Redirects to a login say must-revalidate too and mean the opposite.
    /// </summary>
    public static bool IsForEverybody(in CacheControl directives, int status) =>
        directives.IsPublic || directives.SharedMaxAge is not null || (directives.MustRevalidate && status < 300);

    /// <summary>
    /// Whether a response may be about whence the request came: hot link protection and CORS refuse by Referer and Origin, which a client
    /// chooses and no key tells apart. Not where the response says that all may have it, or the operator has named its status.
    /// </summary>
    /// <param name="received">The response.</param>
    /// <param name="template">What the origin was asked with.</param>
    public static bool IsAboutWhence(in ReceivedResponse received, SubrequestTemplate template) =>
        template.Whence.Count > 0
        && received.Response.Status >= 300
        && !(received.Directives.IsPublic || received.Directives.SharedMaxAge is not null || received.IsNamedByRule);

    // A whole answer that is stale when it comes and cannot be validated is of no use to a second client.
    private static bool IsOfUseLater(in ReceivedResponse received, TimeSpan lifetime) =>
        lifetime > TimeSpan.Zero || received.Response.Status == 206 || received.HasValidator
        || received.Directives.StaleWhileRevalidate > TimeSpan.Zero || received.Directives.StaleIfError > TimeSpan.Zero;

    /// <summary>Statuses whose meaning for a cache we know: final ones of RFC 9110, but those about one part or one condition.</summary>
    private static bool IsUnderstood(int status) => status is 200 or 203 or 204 or 206 or 300 or 301 or 302 or 303 or 307 or 308
        or 400 or 401 or 402 or 403 or 404 or 405 or 406 or 409 or 410 or 411 or 413 or 414 or 415 or 421 or 422 or 426 or 451
        or 500 or 501 or 502 or 503 or 504;
}
