using Slice.Core.Options;

namespace Slice.Tests.Host.Configuration;

/// <summary>
/// <c>cache_rules</c> in a file: what is read, and that every fault is told with its place, name, value and what is allowed.
/// </summary>
public sealed class CacheRulesConfigurationTests : IDisposable
{
    private readonly ConfigurationFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    [Trait("Behaviour", "B27")]
    public void Rules_are_read_part_by_part()
    {
        var options = _files.Read("""
            upstream_address: o
            cache_rules:
              - path: ^/api/
                bypass: true
              - {path: "\\.m3u8$", statuses: [200, 404], ttl: 2s, override: true, ignore: [no-store, set-cookie]}
              - path: ^/x
                ttl:
            """).Options!;

        Assert.Equal(
            [
                new CacheRule { Path = "^/api/", Bypass = true },
                new CacheRule
                {
                    Path = @"\.m3u8$",
                    Statuses = [200, 404],
                    Ttl = TimeSpan.FromSeconds(2),
                    Override = true,
                    Ignore = CacheIgnore.NoStore | CacheIgnore.SetCookie,
                },
                new CacheRule { Path = "^/x" },
            ],
            options.CacheRules);
    }

    [Theory]
    [InlineData("path: (", "path", "(: not a regular expression")]
    [InlineData("path: a(?=b)", "path", "a(?=b): cannot be matched in linear time (lookahead at offset 1), allowed: a .NET regular")]
    [InlineData("path: ''", "path", "(empty): empty, allowed: a .NET")]
    [InlineData("path: [a]", "path", "not a single value, allowed: a .NET")]
    [InlineData("ttl: 5s", "path", "(not set): required and not set, allowed: a .NET")]
    [InlineData("path: a, statuses: [99]", "statuses", "99: not a status of an answer that could be kept, allowed: 200 to 599 but 304")]
    [InlineData("path: a, statuses: [304]", "statuses", "304: not a status of an answer that could be kept, allowed: 200 to 599 but 304")]
    [InlineData("path: a, statuses: [2xx]", "statuses", "2xx: not a status, allowed: 200 to 599 but 304")]
    [InlineData("path: a, statuses: 200", "statuses", "200: not a list, allowed: a list of statuses")]
    [InlineData("path: a, ttl: soon", "ttl", "soon: not a duration, allowed: seconds, or")]
    [InlineData("path: a, ttl: -1s", "ttl", "-1s: too short, allowed: 0s to 365d")]
    [InlineData("path: a, ttl: 366d", "ttl", "366d: too long, allowed: 0s to 365d")]
    [InlineData("path: a, override: true", "override", "true: nothing stands in for what an answer states, allowed: with ttl only")]
    [InlineData("path: a, override: 'true'", "override", "true: a text in quotes, not a flag, allowed: true or false")]
    [InlineData("path: a, bypass: true, ttl: 1s", "bypass", "true: what passes through is not kept, allowed: with path only")]
    [InlineData("path: a, ignore: [vary]", "ignore", "vary: none of the words that may stand here, allowed: a list of any of no-store, ")]
    [InlineData("path: a, tll: 5s", "tll", "unknown key, did you mean ttl?, allowed: path with any of")]
    [InlineData("path: a, path: b", "path", "already set on line 2, allowed: each key once in a rule")]
    [Trait("Behaviour", "B48")]
    public void Fault_is_told_with_name_value_and_what_is_allowed(string rule, string part, string expected)
    {
        string error = Assert.Single(_files.Errors($"upstream_address: o\ncache_rules: [{{path: ok}}, {{{rule}}}]\n"));
        Assert.StartsWith("1.yaml:2:", error, StringComparison.Ordinal);
        Assert.Contains($"cache_rules[2].{part}: {expected}", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_fault_of_every_rule_is_told() => Assert.Equal(
        6, _files.Errors("upstream_address: o\ncache_rules: [a, {path: (, bypass: 1}, {path: b, ttl: x, ignore: [y]}, []]\n").Length);

    [Fact]
    public void More_rules_than_may_be_are_refused()
    {
        string error = Assert.Single(_files.Errors(
            "upstream_address: o\ncache_rules:\n" + string.Concat(Enumerable.Repeat("  - path: a\n", CacheRule.MaxCount + 1))));
        Assert.Contains("cache_rules: 101 rules: too many, allowed: a list of at most 100", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Rules_that_a_program_sets_are_checked_too()
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [new Uri("http://o")],
            CacheRules = [new CacheRule { Path = "(", Statuses = [7] }],
        };
        Assert.Collection(
            SliceOptionsValidator.Validate(options),
            error => Assert.StartsWith("cache_rules: path: (: not a regular expression", error.ToString(), StringComparison.Ordinal),
            error => Assert.StartsWith("cache_rules: statuses: 7: not a status", error.ToString(), StringComparison.Ordinal));
    }
}
