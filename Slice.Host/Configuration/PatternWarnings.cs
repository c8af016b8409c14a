using System.Buffers;
using System.Text.RegularExpressions;
using Slice.Core.Options;

namespace Slice.Host.Configuration;

/// <summary>
/// Expressions of a configuration that are valid and look like file name patterns: <c>/downloads/*.iso</c> is a regular expression that
/// fits <c>/downloads///Xiso</c> and no file anybody has. None of this is an error, as somebody may mean just that.
/// </summary>
internal static partial class PatternWarnings
{
    private static readonly SearchValues<char> s_signs = SearchValues.Create(@"\()[]|+");

    /// <summary>The warnings, each with the key and the expression.</summary>
    /// <param name="options">A valid configuration.</param>
    public static IEnumerable<string> Of(SliceOptions options) =>
        options.SlicePatterns.Select(pattern => ("slice_patterns", Pattern: pattern))
            .Concat(options.CacheRules.Select(rule => ("cache_rules", Pattern: rule.Path)))
            .Where(row => Glob().IsMatch(row.Pattern))
            .Select(row => $"{row.Item1}: {row.Pattern}: a regular expression, in which * repeats the character before it; "
                + $"probably {ExpressionOf(row.Pattern)} is meant");

    // Whoever has used the signs of regular expressions elsewhere has them right; only the asterisk is replaced then.
    private static string ExpressionOf(string pattern)
    {
        if (pattern.AsSpan().ContainsAny(s_signs))
        {
            return Asterisk().Replace(pattern, "[^/]*");
        }

        bool isWhole = !pattern.EndsWith('*') && !pattern.EndsWith('/');
        string name = pattern.TrimStart('^').TrimEnd('$').TrimEnd('*');
        string expression = Asterisk().Replace(name.Replace(".", @"\.", StringComparison.Ordinal), "[^/]*");
        return $"{(name.StartsWith('/') ? "^" : "")}{expression}{(isWhole ? "$" : "")}";
    }

    // An asterisk behind a slash, or between a letter and what looks like the end of a file's name.
    [GeneratedRegex(@"/\*|[A-Za-z0-9_-]\*\.[A-Za-z0-9]")]
    private static partial Regex Glob();

    // That of `.*` and of a group or a class is right.
    [GeneratedRegex(@"(?<![.\])}\\])\*+")]
    private static partial Regex Asterisk();
}
