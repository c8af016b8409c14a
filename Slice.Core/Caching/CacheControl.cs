using Slice.Core.Options;

namespace Slice.Core.Caching;

/// <summary>
/// The Cache-Control directives of a response that decide about storing and freshness (RFC 9111 §5.2.2, RFC 5861). Names are compared
/// without regard to case; unknown directives are ignored; a delta-seconds that is no number counts as 0, so that what we cannot read
/// is never kept too long (RFC 9111 §4.2.1).
/// </summary>
public readonly record struct CacheControl
{
    /// <summary><c>no-store</c>.</summary>
    public bool NoStore { get; init; }

    /// <summary><c>private</c>, with or without field names.</summary>
    public bool IsPrivate { get; init; }

    /// <summary><c>no-cache</c>, with or without field names.</summary>
    public bool NoCache { get; init; }

    /// <summary><c>public</c>.</summary>
    public bool IsPublic { get; init; }

    /// <summary><c>must-revalidate</c>.</summary>
    public bool MustRevalidate { get; init; }

    /// <summary><c>proxy-revalidate</c>.</summary>
    public bool ProxyRevalidate { get; init; }

    /// <summary><c>must-understand</c>: overrides no-store for a status whose caching we know (RFC 9111 §5.2.2.3).</summary>
    public bool MustUnderstand { get; init; }

    /// <summary><c>max-age</c>, or null.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary><c>s-maxage</c>, or null.</summary>
    public TimeSpan? SharedMaxAge { get; init; }

    /// <summary><c>stale-while-revalidate</c> (RFC 5861 §3), or null.</summary>
    public TimeSpan? StaleWhileRevalidate { get; init; }

    /// <summary><c>stale-if-error</c> (RFC 5861 §4), or null.</summary>
    public TimeSpan? StaleIfError { get; init; }

    /// <summary>
    /// Whether a shared cache must not use the response once it is stale, whatever else allows it: <c>s-maxage</c> means
    /// <c>proxy-revalidate</c> too (RFC 9111 §5.2.2.10).
    /// </summary>
    public bool ForbidsStale => MustRevalidate || ProxyRevalidate || NoCache || SharedMaxAge is not null;

    /// <summary>The same without what the operator ignores.</summary>
    public CacheControl Without(CacheIgnore ignored) => this with
    {
        NoStore = NoStore && (ignored & CacheIgnore.NoStore) == 0,
        MustUnderstand = MustUnderstand && (ignored & CacheIgnore.NoStore) == 0,
        IsPrivate = IsPrivate && (ignored & CacheIgnore.Private) == 0,
        NoCache = NoCache && (ignored & CacheIgnore.NoCache) == 0,
    };

    /// <summary>Reads one field value; several lines are joined by comma first (RFC 9110 §5.3).</summary>
    public static CacheControl Parse(string value)
    {
        var result = default(CacheControl);
        var rest = value.AsSpan();
        while (DirectiveReader.TryTake(ref rest, out var name, out var argument))
        {
            result = result.With(name, argument);
        }

        return result;
    }

    private CacheControl With(ReadOnlySpan<char> name, ReadOnlySpan<char> argument)
    {
        Span<char> lowered = stackalloc char[LongestName];
        if (name.Length > LongestName)
        {
            return this;
        }

        name.ToLowerInvariant(lowered);
        return lowered[..name.Length] switch
        {
            "no-store" => this with { NoStore = true },
            "private" => this with { IsPrivate = true },
            "no-cache" => this with { NoCache = true },
            "public" => this with { IsPublic = true },
            "must-revalidate" => this with { MustRevalidate = true },
            "proxy-revalidate" => this with { ProxyRevalidate = true },
            "must-understand" => this with { MustUnderstand = true },
            "max-age" => this with { MaxAge = Shorter(MaxAge, argument) },
            "s-maxage" => this with { SharedMaxAge = Shorter(SharedMaxAge, argument) },
            "stale-while-revalidate" => this with { StaleWhileRevalidate = Shorter(StaleWhileRevalidate, argument) },
            "stale-if-error" => this with { StaleIfError = Shorter(StaleIfError, argument) },
            _ => this,
        };
    }

    // "stale-while-revalidate".
    private const int LongestName = 22;

    // Of a directive given twice the shorter time counts: RFC 9111 §4.2.1 allows the first or treating the response as stale.
    private static TimeSpan Shorter(TimeSpan? earlier, ReadOnlySpan<char> argument)
    {
        var parsed = DeltaSeconds.Parse(argument);
        return earlier is { } first && first < parsed ? first : parsed;
    }
}
