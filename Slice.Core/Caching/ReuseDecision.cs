namespace Slice.Core.Caching;

/// <summary>Decides about reuse. Pure.</summary>
public static class ReuseDecision
{
    /// <summary>Whether and how a stored response answers a request.</summary>
    /// <param name="stored">The response.</param>
    /// <param name="request">What the client says about that.</param>
    /// <param name="now">The time of the request.</param>
    /// <param name="operators">What the operator says where the response says nothing.</param>
    public static ReuseVerdict Decide(StoredResponse stored, in RequestDirectives request, Instant now, StaleDefaults operators = default)
    {
        if (request.NoCache)
        {
            return new(Reuse.AfterValidationByRequest, CacheDetail.RequestNoCache);
        }

        if (stored.RequiresValidation)
        {
            return new(Reuse.AfterValidation, CacheDetail.NoCache);
        }

        if (stored.IsPurged)
        {
            return new(Reuse.AfterValidation, CacheDetail.Purged);
        }

        var age = stored.Freshness.AgeAt(now);
        if (request.MaxAge < age)
        {
            return new(Reuse.AfterValidationByRequest, CacheDetail.RequestMaxAge);
        }

        var freshFor = stored.Freshness.Lifetime - age;
        if (freshFor > TimeSpan.Zero)
        {
            return request.MinFresh > freshFor
                ? new(Reuse.AfterValidationByRequest, CacheDetail.RequestMinFresh)
                : new(Reuse.Fresh, CacheDetail.None);
        }

        if (request.MinFresh is null && !stored.Stale.IsForbidden && request.MaxStale >= -freshFor)
        {
            return new(Reuse.Stale, CacheDetail.Expired);
        }

        bool isStaleAllowed = request.MinFresh is null && (stored.Stale.WhileRevalidating ?? operators.WhileRevalidating) > -freshFor;
        return new(isStaleAllowed ? Reuse.StaleWhileRevalidate : Reuse.AfterValidation, CacheDetail.Expired);
    }

    /// <summary>Whether a stored response may stand in for a failing origin (RFC 5861 §4); for the parameters see above.</summary>
    public static bool MayServeOnError(StoredResponse stored, in RequestDirectives request, Instant now, StaleDefaults operators)
    {
        if (request.NoCache || stored.RequiresValidation)
        {
            return false;
        }

        var staleFor = stored.Freshness.AgeAt(now) - stored.Freshness.Lifetime;
        return (stored.Stale.IfError ?? operators.IfError) > staleFor || (!stored.Stale.IsForbidden && request.StaleIfError > staleFor);
    }
}
