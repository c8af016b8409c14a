namespace Slice.Core.Caching;

/// <summary>
/// Walks over the directives of a Cache-Control value: <c>token [ "=" ( token / quoted-string ) ]</c>, RFC 9111 §5.2. Pure.
/// </summary>
internal static class DirectiveReader
{
    /// <summary>
    /// Takes the next directive off <paramref name="rest"/>; false when there is none. Quotes are taken off the argument.
    /// </summary>
    public static bool TryTake(ref ReadOnlySpan<char> rest, out ReadOnlySpan<char> name, out ReadOnlySpan<char> argument)
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
