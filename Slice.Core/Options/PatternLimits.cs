using System.Globalization;

namespace Slice.Core.Options;

/// <summary>Says why a regular expression that is written correctly cannot be matched without backtracking.</summary>
/// <remarks>
/// The runtime says so only in the text of an exception, which a trimmed binary may not have. So the expression is looked through again.
/// </remarks>
internal static class PatternLimits
{
    // The default of the runtime for NonBacktracking since .NET 9.
    private const int MostStates = 10_000;

    private static readonly (string Begin, string Name)[] s_groups =
    [
        ("(?=", "lookahead"), ("(?!", "lookahead"), ("(?<=", "lookbehind"), ("(?<!", "lookbehind"), ("(?>", "an atomic group"),
        ("(?(", "a condition"),
    ];

    /// <summary>The first construct that needs backtracking, with its offset; or, without one, that the expression is too large.</summary>
    /// <param name="pattern">An expression that parses, and that the engine without backtracking refuses.</param>
    public static string Explain(string pattern)
    {
        for (int offset = 0; offset < pattern.Length; offset++)
        {
            if (NameAt(pattern, offset) is { } name)
            {
                return string.Create(CultureInfo.InvariantCulture, $"cannot be matched in linear time ({name} at offset {offset})");
            }

            offset = LastOf(pattern, offset);
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"too large: with every counted repetition written out it has more than {MostStates:N0} states; use * or + in place of large "
                + $"counts, or several patterns");
    }

    private static string? NameAt(string pattern, int offset)
    {
        ReadOnlySpan<char> rest = pattern.AsSpan(offset);
        if (rest[0] == '\\' && rest.Length > 1)
        {
            return rest[1] switch
            {
                >= '1' and <= '9' or 'k' => "a backreference",
                'G' => "\\G",
                _ => null,
            };
        }

        foreach ((string begin, string name) in s_groups)
        {
            if (rest.StartsWith(begin, StringComparison.Ordinal))
            {
                return name;
            }
        }

        return null;
    }

    // The last character of what begins here and hides its content: an escape, or a class in brackets.
    private static int LastOf(string pattern, int offset)
    {
        if (pattern[offset] == '\\')
        {
            return offset + 1;
        }

        if (pattern[offset] != '[')
        {
            return offset;
        }

        // A ] right behind the opening bracket, or its ^, is a member of the class.
        int at = offset + 1;
        at += at < pattern.Length && pattern[at] == '^' ? 1 : 0;
        at += at < pattern.Length && pattern[at] == ']' ? 1 : 0;
        while (at < pattern.Length && pattern[at] != ']')
        {
            at = LastOf(pattern, at) + 1;
        }

        return at;
    }
}
