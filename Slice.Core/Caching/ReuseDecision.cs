namespace Slice.Core.Caching;

/// <summary>Decides about reuse. Pure.</summary>
public static class ReuseDecision
{
    /// <summary>Whether and how <paramref name="stored"/> answers a request with these directives at time <paramref name="now"/>.</summary>
    public static ReuseVerdict Decide(StoredResponse stored, in RequestDirectives request, Instant now)
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

        bool isStaleAllowed = request.MinFresh is null && stored.Stale.WhileRevalidating > -freshFor;
        return new(isStaleAllowed ? Reuse.StaleWhileRevalidate : Reuse.AfterValidation, CacheDetail.Expired);
    }

    /// <summary>Whether <paramref name="stored"/> may stand in for a failing origin (RFC 5861 §4).</summary>
    public static bool MayServeOnError(StoredResponse stored, in RequestDirectives request, Instant now)
    {
        if (request.NoCache || stored.RequiresValidation)
        {
            return false;
        }

        var staleFor = stored.Freshness.AgeAt(now) - stored.Freshness.Lifetime;
        return stored.Stale.IfError > staleFor || (!stored.Stale.IsForbidden && request.StaleIfError > staleFor);
    }
}
