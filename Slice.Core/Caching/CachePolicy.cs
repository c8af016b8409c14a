using Slice.Core.Http;
using Slice.Core.Options;

namespace Slice.Core.Caching;

/// <summary>What the operator decides about storing and freshness; everything else is the origin's word and RFC 9111. Immutable.</summary>
public sealed record CachePolicy
{
    /// <summary>False: nothing is shared between requests.</summary>
    public bool IsEnabled { get; init; } = true;

    /// <summary>
    /// Whether the operator named the path (<c>slice_patterns</c>): <see cref="DefaultLifetime"/> then holds as written. Elsewhere, of what
    /// says nothing about freshness only files are kept (B27). Default true.
    /// </summary>
    public bool IsNamedPath { get; init; } = true;

    /// <summary>
    /// Bytes beyond which a whole answer with a strong validator counts as a file although its origin serves no ranges, on a path that was
    /// not named. Default: none is large enough.
    /// </summary>
    public long LongestPageBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// Freshness lifetime of an answer that states none (<c>cache_ttl</c>); the longest lifetime of a file on a path that was not named.
    /// Default 1 h.
    /// </summary>
    public TimeSpan DefaultLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Whether <see cref="DefaultLifetime"/> stands in for what a 200 states too (<c>cache_ttl_override</c>).</summary>
    public bool OverridesLifetime { get; init; }

    /// <summary>
    /// Freshness lifetime of a 204, 404 or 410 that states none, and of a success or a redirect that says no more than public
    /// (<c>cache_negative_ttl</c>); zero stores none. Default 10 s.
    /// </summary>
    public TimeSpan NegativeLifetime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long after its freshness an answer that says nothing about it may be used. Default: not at all.</summary>
    public StaleDefaults Stale { get; init; }

    /// <summary>Whether an answer with Set-Cookie may be kept, cookie and all, if nothing else forbids it. Default false.</summary>
    public bool StoresSetCookie { get; init; }

    /// <summary>
    /// The operator's rules for the path (<c>cache_rules</c>); of those that fit a status the first counts. Default none.
    /// </summary>
    public IReadOnlyList<CacheRule> Rules { get; init; } = [];

    /// <summary>What bytes of two answers must have in common to be joined. Default <see cref="ValidatorStrength.Strict"/>.</summary>
    public ValidatorStrength Validator { get; init; }

    /// <summary>The rule for answers of a status; null when there is none.</summary>
    internal CacheRule? RuleFor(int status)
    {
        foreach (var rule in Rules)
        {
            if (rule.Fits(status))
            {
                return rule;
            }
        }

        return null;
    }
}
