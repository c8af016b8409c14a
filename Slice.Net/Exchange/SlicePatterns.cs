namespace Slice.Net.Exchange;

/// <summary>Which paths are sliced (<c>slice_patterns</c>). Thread-safe.</summary>
internal sealed class SlicePatterns
{
    private readonly PathPatterns _patterns;

    /// <summary>Compiles the patterns; none matches every path.</summary>
    /// <exception cref="ArgumentException">A pattern is not a regular expression, or uses backtracking constructs.</exception>
    public SlicePatterns(IReadOnlyList<string> patterns) => _patterns = new PathPatterns(patterns);

    /// <summary>Whether the path of a normalized target is sliced; the query is not looked at.</summary>
    public bool Match(ReadOnlySpan<byte> normalizedTarget) => _patterns.Count == 0 || _patterns.Find(normalizedTarget) >= 0;
}
