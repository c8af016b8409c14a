using Slice.Core.Origin;

namespace Slice.Core.Caching;

/// <summary>Whether a response may be kept for other requests (RFC 9111 §3, B28, B29). Pure.</summary>
internal static class Storability
{
    /// <summary>Decides from the response, the directives that count for us, and how long it would be fresh.</summary>
    /// <param name="response">The response.</param>
    /// <param name="directives">Its Cache-Control, or what stands in for it.</param>
    /// <param name="lifetime">Its freshness lifetime; null when it states none and the operator gives none for its status.</param>
    /// <param name="isExplicit">Whether the response states that lifetime itself, or that it is for the public.</param>
    /// <param name="request">What the request says about it.</param>
    public static bool MayBeShared(OriginResponse response, in CacheControl directives, TimeSpan? lifetime, bool isExplicit, RequestSharing request)
    {
        // RFC 9111 §5.2.2.3: an origin that says must-understand beside no-store means the latter for those who do not know the status.
        bool isUnderstood = IsUnderstood(response.Status);
        bool forbids = directives.MustUnderstand ? !isUnderstood : directives.NoStore;
        if (forbids || directives.IsPrivate || request == RequestSharing.Forbidden || lifetime is null)
        {
            return false;
        }

        // An origin that knows its visitors by cookies and says nothing about caching means nobody else. A part of an object is a file's.
        if (request == RequestSharing.Personal && !isExplicit && response.Status != 206)
        {
            return false;
        }

        // RFC 9111 §3.5.
        if (request == RequestSharing.Authorized && !(directives.IsPublic || directives.MustRevalidate || directives.SharedMaxAge is not null))
        {
            return false;
        }

        // A whole answer that is stale when it comes and cannot be validated is of no use to a second client.
        return lifetime > TimeSpan.Zero || response.Status == 206 || HasValidator(response)
            || directives.StaleWhileRevalidate > TimeSpan.Zero || directives.StaleIfError > TimeSpan.Zero;
    }

    /// <summary>Statuses whose meaning for a cache we know: final ones of RFC 9110, but those about one part or one condition.</summary>
    private static bool IsUnderstood(int status) => status is 200 or 203 or 204 or 206 or 300 or 301 or 302 or 303 or 307 or 308
        or 400 or 401 or 402 or 403 or 404 or 405 or 406 or 409 or 410 or 411 or 413 or 414 or 415 or 421 or 422 or 426 or 451
        or 500 or 501 or 502 or 503 or 504;

    private static bool HasValidator(OriginResponse response) =>
        response.FindCombined("ETag") is not null || response.FindCombined("Last-Modified") is not null;
}

/// <summary>What a request says about sharing its answer.</summary>
public enum RequestSharing
{
    /// <summary>Nothing against it.</summary>
    Allowed,

    /// <summary>It has Authorization: only if the response says so (RFC 9111 §3.5).</summary>
    Authorized,

    /// <summary>It has Cookie: a whole answer only if it says itself how long it is fresh.</summary>
    Personal,

    /// <summary>It says no-store (RFC 9111 §5.2.1.5).</summary>
    Forbidden,
}
