using System.Text;
using System.Text.RegularExpressions;
using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>
/// Regular expressions on the path of a request. Matching takes time linear in the path, whatever the pattern: a hostile URL cannot stall
/// the proxy. Thread-safe.
/// </summary>
internal sealed class PathPatterns
{
    private const int MaxStackChars = 512;

    private readonly Regex[] _patterns;

    /// <summary>Compiles the patterns.</summary>
    /// <exception cref="ArgumentException">A pattern is not a regular expression, or uses backtracking constructs.</exception>
    public PathPatterns(IEnumerable<string> patterns) =>
        _patterns = [.. patterns.Select(pattern => new Regex(pattern, SlicePattern.CompileOptions))];

    /// <summary>How many there are.</summary>
    public int Count => _patterns.Length;

    /// <summary>The first pattern, from this one on, that fits the path of a normalized target; -1 for none.</summary>
    /// <param name="normalizedTarget">The target; its query is not looked at.</param>
    /// <param name="from">The first pattern that is tried.</param>
    public int Find(ReadOnlySpan<byte> normalizedTarget, int from = 0)
    {
        if (from >= _patterns.Length)
        {
            return -1;
        }

        int query = normalizedTarget.IndexOf((byte)'?');
        var path = query < 0 ? normalizedTarget : normalizedTarget[..query];
        Span<char> chars = path.Length <= MaxStackChars ? stackalloc char[path.Length] : new char[path.Length];
        Encoding.Latin1.GetChars(path, chars);
        for (int index = from; index < _patterns.Length; index++)
        {
            if (_patterns[index].IsMatch(chars))
            {
                return index;
            }
        }

        return -1;
    }
}
