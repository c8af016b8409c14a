using Slice.Core.Caching;
using Slice.Core.Options;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>What of a query names the stored response (B35): order or ignored arguments change nothing, everything else does.</summary>
public sealed class QueryKeyFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "/a?b=1&c=2", "/a", "/a?", "/?utm_source=x&b", "/a?b=1&b=0&&=x&utm_=&", "/a?c=%26&b=?/a", "/a?fbclid=1", "/a?fbclid2=1&fbclid",
        ],
        Words = ["?", "&", "=", "utm_", "utm_x=1", "fbclid", "fbclid=1", "&&", "b=1", "%26", "/"],
        Separator = "&",
        LongestInput = 200,
    };

    private static readonly QueryKeyRule s_sorted = new(QueryKey.Sorted, ["fbclid", "utm_*"]);

    private static readonly QueryKeyRule s_all = new(QueryKey.All, ["fbclid", "utm_*"]);

    [Fact]
    [Trait("Behaviour", "B35")]
    public Task Any_query_is_keyed_by_the_arguments_that_count() => FuzzRun.RunAsync(s_grammar, 30_000, Check);

    private static void Check(byte[] input)
    {
        string target = Wire.Text(input);
        int mark = target.IndexOf('?', StringComparison.Ordinal);
        string path = mark < 0 ? target : target[..mark];
        string[] arguments = mark < 0 ? [] : target[(mark + 1)..].Split('&');
        string[] counted = [.. arguments.Where(argument => argument.Length > 0 && !IsIgnored(argument))];

        Assert.Equal(Join(path, counted), Key(s_all, target));
        Assert.Equal(Join(path, [.. counted.OrderBy(NameOf, StringComparer.Ordinal)]), Key(s_sorted, target));
        Assert.Equal(path, Key(new QueryKeyRule(QueryKey.None, []), target));
        Assert.Equal(target, Key(new QueryKeyRule(QueryKey.All, []), target));
        string[] reversed = [.. arguments.OrderByDescending(NameOf, StringComparer.Ordinal), "utm_any=x"];
        Assert.Equal(Key(s_sorted, target), Key(s_sorted, Join(path, reversed)));
        Assert.Equal(Key(s_sorted, target), Key(s_sorted, Key(s_sorted, target)));
    }

    private static string NameOf(string argument) => argument.Split('=')[0];

    private static bool IsIgnored(string argument) =>
        !argument.Contains(';', StringComparison.Ordinal)
        && NameOf(argument) is var name && (name == "fbclid" || name.StartsWith("utm_", StringComparison.Ordinal));

    private static string Join(string path, string[] arguments) => arguments.Length == 0 ? path : path + "?" + string.Join('&', arguments);

    private static string Key(QueryKeyRule rule, string target)
    {
        byte[] bytes = Wire.Bytes(target);
        return Wire.Text(bytes.AsSpan(0, rule.Apply(bytes)));
    }
}
