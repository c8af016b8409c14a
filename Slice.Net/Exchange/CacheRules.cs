using Slice.Core.Options;

namespace Slice.Net.Exchange;

/// <summary>Which of the operator's <c>cache_rules</c> are for a path. Thread-safe.</summary>
internal sealed class CacheRules
{
    private readonly IReadOnlyList<CacheRule> _rules;
    private readonly PathPatterns _patterns;
    private readonly bool _hasBypass;

    /// <summary>Compiles the paths of rules that have been checked.</summary>
    public CacheRules(IReadOnlyList<CacheRule> rules)
    {
        _rules = rules;
        _patterns = new PathPatterns(rules.Select(rule => rule.Path));
        _hasBypass = rules.Any(rule => rule.Bypass);
    }

    /// <summary>
    /// Whether a request for a normalized target passes through: the first rule for the path says so, of those that would be for a 200. A
    /// rule for errors alone makes no exception. Costs a hit nothing as long as no rule says bypass.
    /// </summary>
    public bool Bypasses(ReadOnlySpan<byte> normalizedTarget)
    {
        int index = _hasBypass ? _patterns.Find(normalizedTarget) : -1;
        while (index >= 0 && !_rules[index].Fits(200))
        {
            index = _patterns.Find(normalizedTarget, index + 1);
        }

        return index >= 0 && _rules[index].Bypass;
    }

    /// <summary>The rules for a normalized target, in their order; the same empty list when there are none.</summary>
    public IReadOnlyList<CacheRule> Of(ReadOnlySpan<byte> normalizedTarget)
    {
        List<CacheRule>? found = null;
        for (int index = _patterns.Find(normalizedTarget); index >= 0; index = _patterns.Find(normalizedTarget, index + 1))
        {
            (found ??= []).Add(_rules[index]);
        }

        return found ?? (IReadOnlyList<CacheRule>)[];
    }
}
