namespace Slice.Core.Caching;

/// <summary>
/// The Cache-Control directives that decide about storing and freshness (RFC 9111 §5.2). Names are compared without regard to case;
/// unknown directives are ignored; a delta-seconds that is no number counts as 0, so that what we cannot read is never kept too long
/// (RFC 9111 §4.2.1).
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

    /// <summary><c>must-revalidate</c> or <c>proxy-revalidate</c>.</summary>
    public bool MustRevalidate { get; init; }

    /// <summary><c>max-age</c>, or null.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary><c>s-maxage</c>, or null.</summary>
    public TimeSpan? SharedMaxAge { get; init; }

    /// <summary>Reads one field value; several lines are joined by comma first (RFC 9110 §5.3).</summary>
    public static CacheControl Parse(string value)
    {
        var result = default(CacheControl);
        var rest = value.AsSpan();
        while (TryTakeDirective(ref rest, out var name, out var argument))
        {
            result = result.With(name, argument);
        }

        return result;
    }

    private CacheControl With(ReadOnlySpan<char> name, ReadOnlySpan<char> argument)
    {
        if (Is(name, "no-store"))
        {
            return this with { NoStore = true };
        }

        if (Is(name, "private"))
        {
            return this with { IsPrivate = true };
        }

        if (Is(name, "no-cache"))
        {
            return this with { NoCache = true };
        }

        if (Is(name, "public"))
        {
            return this with { IsPublic = true };
        }

        if (Is(name, "must-revalidate") || Is(name, "proxy-revalidate"))
        {
            return this with { MustRevalidate = true };
        }

        if (Is(name, "max-age"))
        {
            return this with { MaxAge = Shorter(MaxAge, argument) };
        }

        return Is(name, "s-maxage") ? this with { SharedMaxAge = Shorter(SharedMaxAge, argument) } : this;
    }

    private static bool Is(ReadOnlySpan<char> name, string directive) => name.Equals(directive, StringComparison.OrdinalIgnoreCase);

    // Of a directive given twice the shorter time counts: RFC 9111 §4.2.1 allows the first or treating the response as stale.
    private static TimeSpan Shorter(TimeSpan? earlier, ReadOnlySpan<char> argument)
    {
        var parsed = DeltaSeconds.Parse(argument);
        return earlier is { } first && first < parsed ? first : parsed;
    }

    private static bool TryTakeDirective(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> name, out ReadOnlySpan<char> argument)
    {
        name = argument = default;
        rest = rest.TrimStart(" \t,");
        if (rest.IsEmpty)
        {
            return false;
        }

        int nameEnd = rest.IndexOfAny('=', ',');
        if (nameEnd < 0 || rest[nameEnd] == ',')
        {
            name = (nameEnd < 0 ? rest : rest[..nameEnd]).TrimEnd(" \t");
            rest = nameEnd < 0 ? default : rest[nameEnd..];
            return true;
        }

        name = rest[..nameEnd].TrimEnd(" \t");
        rest = rest[(nameEnd + 1)..].TrimStart(" \t");
        argument = rest.StartsWith("\"") ? TakeQuoted(ref rest) : TakeToken(ref rest);
        return true;
    }

    private static ReadOnlySpan<char> TakeToken(ref ReadOnlySpan<char> rest)
    {
        int end = rest.IndexOf(',');
        var token = (end < 0 ? rest : rest[..end]).TrimEnd(" \t");
        rest = end < 0 ? default : rest[end..];
        return token;
    }

    // The text between the quotes, escapes untouched: no directive we read takes an argument that needs them.
    private static ReadOnlySpan<char> TakeQuoted(ref ReadOnlySpan<char> rest)
    {
        int end = 1;
        while (end < rest.Length && rest[end] != '"')
        {
            end += rest[end] == '\\' ? 2 : 1;
        }

        end = Math.Min(end, rest.Length);
        var quoted = rest[1..end];
        rest = rest[end..];
        int comma = rest.IndexOf(',');
        rest = comma < 0 ? default : rest[comma..];
        return quoted;
    }
}
