namespace Slice.Core.Caching;

/// <summary>How a stored response may be used for a request (RFC 9111 §4).</summary>
public enum Reuse
{
    /// <summary>As it is.</summary>
    Fresh,

    /// <summary>As it is, although it is no longer fresh: the client said so (max-stale).</summary>
    Stale,

    /// <summary>As it is, while the origin is asked in the background (RFC 5861 §3).</summary>
    StaleWhileRevalidate,

    /// <summary>Only after the origin has confirmed it, because it is no longer fresh or says so itself.</summary>
    AfterValidation,

    /// <summary>Only after the origin has confirmed it, because the client wants that.</summary>
    AfterValidationByRequest,
}

/// <summary>Decides about reuse. Pure.</summary>
public static class ReuseDecision
{
    /// <summary>Whether and how <paramref name="stored"/> answers a request with these directives at time <paramref name="now"/>.</summary>
    public static Reuse Decide(StoredResponse stored, in RequestDirectives request, DateTimeOffset now)
    {
        if (request.NoCache)
        {
            return Reuse.AfterValidationByRequest;
        }

        if (stored.RequiresValidation)
        {
            return Reuse.AfterValidation;
        }

        var age = stored.Freshness.AgeAt(now);
        if (request.MaxAge < age)
        {
            return Reuse.AfterValidationByRequest;
        }

        var freshFor = stored.Freshness.Lifetime - age;
        if (freshFor > TimeSpan.Zero)
        {
            return request.MinFresh > freshFor ? Reuse.AfterValidationByRequest : Reuse.Fresh;
        }

        if (request.MinFresh is null && !stored.Stale.IsForbidden && request.MaxStale >= -freshFor)
        {
            return Reuse.Stale;
        }

        return request.MinFresh is null && stored.Stale.WhileRevalidating > -freshFor ? Reuse.StaleWhileRevalidate : Reuse.AfterValidation;
    }

    /// <summary>Whether <paramref name="stored"/> may stand in for a failing origin (RFC 5861 §4).</summary>
    public static bool MayServeOnError(StoredResponse stored, in RequestDirectives request, DateTimeOffset now)
    {
        if (request.NoCache || stored.RequiresValidation)
        {
            return false;
        }

        var staleFor = stored.Freshness.AgeAt(now) - stored.Freshness.Lifetime;
        return stored.Stale.IfError > staleFor || (!stored.Stale.IsForbidden && request.StaleIfError > staleFor);
    }
}
