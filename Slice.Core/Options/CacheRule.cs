using System.Globalization;

namespace Slice.Core.Options;

/// <summary>
/// One entry of <c>cache_rules</c>: what the operator decides about answers of some statuses under some paths, whatever the origin says or
/// leaves out. Of several rules the first that fits counts. Immutable; equal when all parts are.
/// </summary>
public sealed record CacheRule
{
    /// <summary>Most rules of a configuration. Arbitrary; each costs a request that misses a match.</summary>
    public const int MaxCount = 100;

    /// <summary>The words for <see cref="Ignore"/>, in the order of its bits.</summary>
    public static readonly IReadOnlyList<string> IgnoreWords = ["no-store", "private", "no-cache", "set-cookie"];

    /// <summary>How a rule is written, in words for an error line.</summary>
    public const string Syntax = "path with any of statuses, ttl, override, ignore, bypass";

    private static readonly TimeSpan s_longestTtl = TimeSpan.FromDays(365);

    /// <summary>Regular expression on the path in its normal form, written as in <c>slice_patterns</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The statuses that the rule is for. Empty: 200. A 206 goes by the rules for 200, of which it is a part.</summary>
    public IReadOnlyList<int> Statuses { get; init; } = [];

    /// <summary>Freshness lifetime of an answer that states none, 0 to 365 days; null leaves the matter open.</summary>
    public TimeSpan? Ttl { get; init; }

    /// <summary>Whether <see cref="Ttl"/> stands in for what the answer states, too.</summary>
    public bool Override { get; init; }

    /// <summary>What counts as not being there.</summary>
    public CacheIgnore Ignore { get; init; }

    /// <summary>
    /// Whether requests under the path pass through, and nothing is looked up or kept. A rule for a 200 of the path that stands before
    /// this one makes an exception.
    /// </summary>
    public bool Bypass { get; init; }

    /// <summary>Whether the rule is for answers of this status.</summary>
    public bool Fits(int status)
    {
        bool isContent = status is 200 or 206;
        return Statuses.Count == 0 ? isContent
            : Statuses.Contains(status) || (isContent && (Statuses.Contains(200) || Statuses.Contains(206)));
    }

    /// <summary>Whether something counts as not being there.</summary>
    public bool Ignores(CacheIgnore what) => (Ignore & what) != 0;

    /// <summary>Everything that is wrong with the rule; <see cref="OptionError.Key"/> is the part of it.</summary>
    public IEnumerable<OptionError> Check()
    {
        string? problem = Path.Length == 0 ? "empty" : SlicePattern.Compile(Path, out _);
        if (problem is not null)
        {
            yield return new OptionError("path", Path, problem, SlicePattern.Syntax);
        }

        foreach (int status in Statuses.Where(status => status is < 200 or > 599 or 304))
        {
            string text = status.ToString(CultureInfo.InvariantCulture);
            yield return new OptionError("statuses", text, "not a status of an answer that could be kept", "200 to 599 but 304");
        }

        if (Ttl < TimeSpan.Zero || Ttl > s_longestTtl)
        {
            yield return new OptionError(
                "ttl", DurationText.Format(Ttl.Value), Ttl < TimeSpan.Zero ? "too short" : "too long", "0s to 365d");
        }

        if (Override && Ttl is null)
        {
            yield return new OptionError("override", "true", "nothing stands in for what an answer states", "with ttl only");
        }

        if (Bypass && (Statuses.Count > 0 || Ttl is not null || Override || Ignore != CacheIgnore.None))
        {
            yield return new OptionError("bypass", "true", "what passes through is not kept", "with path only");
        }
    }

    /// <summary>The rule as a mapping in YAML's flow form.</summary>
    /// <param name="quote">Makes a scalar of a text.</param>
    public string Format(Func<string, string> quote)
    {
        List<string> parts = [$"path: {quote(Path)}"];
        if (Statuses.Count > 0)
        {
            parts.Add($"statuses: [{string.Join(", ", Statuses.Select(status => status.ToString(CultureInfo.InvariantCulture)))}]");
        }

        if (Ttl is { } ttl)
        {
            parts.Add($"ttl: {DurationText.Format(ttl)}");
        }

        if (Override)
        {
            parts.Add("override: true");
        }

        if (Ignore != CacheIgnore.None)
        {
            parts.Add($"ignore: [{string.Join(", ", IgnoreWords.Where((_, bit) => Ignores((CacheIgnore)(1 << bit))))}]");
        }

        if (Bypass)
        {
            parts.Add("bypass: true");
        }

        return $"{{{string.Join(", ", parts)}}}";
    }

    /// <inheritdoc/>
    public bool Equals(CacheRule? other) =>
        other is not null && Path == other.Path && Statuses.SequenceEqual(other.Statuses)
        && (Ttl, Override, Ignore, Bypass) == (other.Ttl, other.Override, other.Ignore, other.Bypass);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Path, Statuses.Count, Ttl, Override, Ignore, Bypass);

    /// <inheritdoc/>
    public override string ToString() => Format(text => text);
}
