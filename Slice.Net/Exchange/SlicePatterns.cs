using System.Text.RegularExpressions;
using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>
/// Which paths are sliced (<c>slice_patterns</c>). Matching takes time linear in the path, whatever the pattern: a hostile
/// URL cannot stall the proxy. Thread-safe.
/// </summary>
internal sealed class SlicePatterns
{
    private const int MaxStackChars = 512;

    private readonly Regex[] _patterns;

    /// <summary>Compiles the patterns; none matches every path.</summary>
    /// <exception cref="ArgumentException">A pattern is not a regular expression, or uses backtracking constructs.</exception>
    public SlicePatterns(IReadOnlyList<string> patterns) =>
        _patterns = [.. patterns.Select(pattern => new Regex(pattern, SlicePattern.CompileOptions))];

    /// <summary>Whether the path of a normalized target is sliced; the query is not looked at.</summary>
    public bool Match(ReadOnlySpan<byte> normalizedTarget)
    {
        if (_patterns.Length == 0)
        {
            return true;
        }

        int query = normalizedTarget.IndexOf((byte)'?');
        var path = query < 0 ? normalizedTarget : normalizedTarget[..query];
        Span<char> chars = path.Length <= MaxStackChars ? stackalloc char[path.Length] : new char[path.Length];
        System.Text.Encoding.Latin1.GetChars(path, chars);
        foreach (var pattern in _patterns)
        {
            if (pattern.IsMatch(chars))
            {
                return true;
            }
        }

        return false;
    }
}
