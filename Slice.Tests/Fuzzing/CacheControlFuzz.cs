using Slice.Core.Caching;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>Cache-Control (RFC 9111 §5.2): directives mean the same in any case and order and beside any other, and no lifetime is out of bounds.</summary>
public sealed class CacheControlFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "no-store", "public, max-age=3600", "private=\"set-cookie, x\", max-age=0", "s-maxage=60, max-age=\"120\", must-revalidate", "no-cache=\"a\\\"b, no-store\", PUBLIC",
            "max-age=60, max-age=30", "max-age", "max-age=", ",, ,proxy-revalidate ,", "ext=\"unterminated, no-store", "max-age = 5 , immutable", "stale-while-revalidate=30, stale-if-error=300",
        ],
        Words =
        [
            "no-store", "no-cache", "private", "public", "must-revalidate", "proxy-revalidate", "max-age=", "s-maxage=", "max-age=1", "stale-if-error=1", "immutable", "=", ",", ", ", ";",
            "\"", "\\", "\\\"", "\"\"", " ", "\t", "ext", "ext=\"a, b\"", "-1", "1.5", "\0", "\u0661",
        ],
        Separator = ",",
        LongestInput = 300,
    };

    [Fact]
    [Trait("Behaviour", "B27")]
    [Trait("Behaviour", "B28")]
    public Task Any_value_means_its_directives_in_any_case_and_beside_any_other() => FuzzRun.RunAsync(s_grammar, 50_000, Check);

    private static void Check(byte[] input)
    {
        string value = Wire.Text(input);
        CacheControl parsed = CacheControl.Parse(value);
        Assert.InRange(parsed.MaxAge ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(int.MaxValue));
        Assert.InRange(parsed.SharedMaxAge ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(int.MaxValue));

        // Names are ASCII; folding more than that would invent directives.
        Assert.Equal(parsed, CacheControl.Parse(Fold(value, 'a', 'z')));
        Assert.Equal(parsed, CacheControl.Parse(Fold(value, 'A', 'Z')));

        // What stands before changes nothing of what follows, and brings what it says.
        Assert.Equal(parsed, CacheControl.Parse(" ,\t," + value));
        Assert.Equal(parsed, CacheControl.Parse("x-unknown, " + value));
        Assert.Equal(parsed, CacheControl.Parse("x=\"no-store, private \\\" , no-cache\", " + value));
        Assert.Equal(parsed with { NoStore = true }, CacheControl.Parse("no-store, " + value));
        Assert.Equal(parsed with { IsPrivate = true }, CacheControl.Parse("Private=\"a, b\" ," + value));
        Assert.Equal(parsed with { MaxAge = TimeSpan.Zero }, CacheControl.Parse("max-age=x," + value));

        // What follows is heard unless a quote before it is open.
        if (!value.Contains('"', StringComparison.Ordinal))
        {
            Assert.Equal(parsed with { NoStore = true, MustRevalidate = true }, CacheControl.Parse(value + ",no-store , must-revalidate"));
        }

        CheckWrittenAnew(parsed);
    }

    private static void CheckWrittenAnew(CacheControl parsed)
    {
        (bool IsSaid, string Directive)[] directives =
        [
            (parsed.NoStore, "no-store"), (parsed.IsPrivate, "private"), (parsed.NoCache, "no-cache"), (parsed.IsPublic, "public"), (parsed.MustRevalidate, "must-revalidate"),
            (parsed.MaxAge is not null, $"max-age={parsed.MaxAge?.TotalSeconds:0}"), (parsed.SharedMaxAge is not null, $"s-maxage=\"{parsed.SharedMaxAge?.TotalSeconds:0}\""),
        ];
        CacheControl again = CacheControl.Parse(string.Join(", ", directives.Where(directive => directive.IsSaid).Select(directive => directive.Directive)));
        Assert.Equal(
            (parsed.NoStore, parsed.IsPrivate, parsed.NoCache, parsed.IsPublic, parsed.MustRevalidate, parsed.MaxAge, parsed.SharedMaxAge),
            (again.NoStore, again.IsPrivate, again.NoCache, again.IsPublic, again.MustRevalidate, again.MaxAge, again.SharedMaxAge));
    }

    private static string Fold(string value, char first, char last) =>
        string.Concat(value.Select(character => character >= first && character <= last ? (char)(character ^ 0x20) : character));
}
