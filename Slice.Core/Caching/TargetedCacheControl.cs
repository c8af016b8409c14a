using System.Buffers;

namespace Slice.Core.Caching;

/// <summary>
/// <c>CDN-Cache-Control</c>: Cache-Control meant for caches like us and not for browsers (RFC 9213). Where it is present and can be
/// read, it stands in for Cache-Control and Expires. Pure.
/// </summary>
/// <remarks>
/// The field is a Structured Field dictionary (RFC 8941 §3.2): keys in lower case; a duplicate key's last value counts; a directive
/// with a value of another type than it needs is ignored; a value that is no dictionary makes the whole field be ignored
/// (RFC 9213 §2.1).
/// </remarks>
internal static class TargetedCacheControl
{
    /// <summary>The field's name.</summary>
    public const string FieldName = "CDN-Cache-Control";

    private static readonly SearchValues<char> s_itemEnds = SearchValues.Create(" \t,;()");

    /// <summary>Reads the field; null when it is absent, empty, or no dictionary.</summary>
    public static CacheControl? TryParse(string? value)
    {
        var rest = value.AsSpan().Trim(' ');
        if (rest.IsEmpty)
        {
            return null;
        }

        var result = default(CacheControl);
        while (true)
        {
            if (!TryTakeMember(ref rest, out var key, out var item))
            {
                return null;
            }

            result = With(result, key, item);
            rest = rest.TrimStart(" \t");
            if (rest.IsEmpty)
            {
                return result;
            }

            if (rest[0] != ',')
            {
                return null;
            }

            rest = rest[1..].TrimStart(" \t");
        }
    }

    private static CacheControl With(CacheControl result, ReadOnlySpan<char> key, ReadOnlySpan<char> item)
    {
        bool? flag = item.IsEmpty || item is "?1" ? true : item is "?0" ? false : null;
        TimeSpan? seconds = !item.IsEmpty && !item.ContainsAnyExceptInRange('0', '9') ? DeltaSeconds.Parse(item) : null;
        return key switch
        {
            "no-store" => result with { NoStore = flag ?? result.NoStore },
            "private" => result with { IsPrivate = flag ?? result.IsPrivate },
            "no-cache" => result with { NoCache = flag ?? result.NoCache },
            "public" => result with { IsPublic = flag ?? result.IsPublic },
            "must-revalidate" => result with { MustRevalidate = flag ?? result.MustRevalidate },
            "proxy-revalidate" => result with { ProxyRevalidate = flag ?? result.ProxyRevalidate },
            "must-understand" => result with { MustUnderstand = flag ?? result.MustUnderstand },
            "max-age" => result with { MaxAge = seconds ?? result.MaxAge },
            "s-maxage" => result with { SharedMaxAge = seconds ?? result.SharedMaxAge },
            "stale-while-revalidate" => result with { StaleWhileRevalidate = seconds ?? result.StaleWhileRevalidate },
            "stale-if-error" => result with { StaleIfError = seconds ?? result.StaleIfError },
            _ => result,
        };
    }

    // key [ "=" ( item / inner-list ) ] parameters. An item without value is true. An inner list is no value that a directive has, yet
    // well-formed: what stands beside it counts.
    private static bool TryTakeMember(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> key, out ReadOnlySpan<char> item)
    {
        item = default;
        if (!TryTakeKey(ref rest, out key))
        {
            return false;
        }

        if (rest.StartsWith("="))
        {
            rest = rest[1..];
            if (!(rest.StartsWith("(") ? TryTakeInnerList(ref rest, out item) : TryTakeItem(ref rest, out item)))
            {
                return false;
            }
        }

        return TryTakeParameters(ref rest);
    }

    // "(" items with their parameters, spaces between them ")": RFC 8941 §3.1.1.
    private static bool TryTakeInnerList(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> list)
    {
        list = default;
        var items = rest[1..].TrimStart(' ');
        while (!items.StartsWith(")"))
        {
            if (!TryTakeItem(ref items, out _) || !TryTakeParameters(ref items) || !(items.StartsWith(" ") || items.StartsWith(")")))
            {
                return false;
            }

            items = items.TrimStart(' ');
        }

        list = rest[..(rest.Length - items.Length + 1)];
        rest = items[1..];
        return true;
    }

    private static bool TryTakeParameters(ref ReadOnlySpan<char> rest)
    {
        while (rest.StartsWith(";"))
        {
            rest = rest[1..].TrimStart(' ');
            if (!TryTakeKey(ref rest, out _))
            {
                return false;
            }

            if (rest.StartsWith("="))
            {
                rest = rest[1..];
                if (!TryTakeItem(ref rest, out _))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool TryTakeKey(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> key)
    {
        int end = 0;
        while (end < rest.Length
            && (char.IsAsciiLetterLower(rest[end]) || char.IsAsciiDigit(rest[end]) || rest[end] is '_' or '-' or '.' or '*'))
        {
            end++;
        }

        key = rest[..end];
        rest = rest[end..];
        return end > 0 && (char.IsAsciiLetterLower(key[0]) || key[0] == '*');
    }

    // A bare item: number, token, boolean, string or bytes. Only its extent matters here; With looks at its form.
    private static bool TryTakeItem(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> item)
    {
        int end;
        if (rest.StartsWith("\""))
        {
            end = 1;
            while (end < rest.Length && rest[end] != '"')
            {
                end += rest[end] == '\\' ? 2 : 1;
            }

            end++;
        }
        else
        {
            end = rest.IndexOfAny(s_itemEnds);
            end = end < 0 ? rest.Length : end;
        }

        bool isComplete = end > 0 && end <= rest.Length;
        item = isComplete ? rest[..end] : default;
        rest = isComplete ? rest[end..] : default;
        return isComplete;
    }
}
