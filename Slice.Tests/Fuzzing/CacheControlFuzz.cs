using Slice.Core.Caching;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>
/// Cache-Control (RFC 9111 §5.2): directives mean the same in any case and order and beside any other, and no lifetime is out of bounds.
/// </summary>
public sealed class CacheControlFuzz
{
    /// <summary>Also of the client's Cache-Control.</summary>
    internal static FuzzGrammar Grammar { get; } = new()
    {
        Seeds =
        [
            "no-store", "public, max-age=3600", "private=\"set-cookie, x\", max-age=0", "s-maxage=60, max-age=\"120\", must-revalidate",
            "no-cache=\"a\\\"b, no-store\", PUBLIC", "max-age=60, max-age=30", "max-age", "max-age=", ",, ,proxy-revalidate ,",
            "ext=\"unterminated, no-store", "max-age = 5 , immutable", "stale-while-revalidate=30, stale-if-error=300",
        ],
        Words =
        [
            "no-store", "no-cache", "private", "public", "must-revalidate", "proxy-revalidate", "must-understand",
            "stale-while-revalidate=", "max-age=", "s-maxage=", "max-age=1", "stale-if-error=1", "immutable", "=", ",", ", ", ";",
            "\"", "\\", "\\\"", "\"\"", " ", "\t", "ext", "ext=\"a, b\"", "-1", "1.5", "\0", "\u0661",
        ],
        Separator = ",",
        LongestInput = 300,
    };

    [Fact]
    [Trait("Behaviour", "B27")]
    [Trait("Behaviour", "B28")]
    public Task Any_value_means_its_directives_in_any_case_and_beside_any_other() => FuzzRun.RunAsync(Grammar, 25_000, Check);

    private static void Check(byte[] input)
    {
        string value = Wire.Text(input);
        CacheControl parsed = CacheControl.Parse(value);
        foreach (TimeSpan? time in new[] { parsed.MaxAge, parsed.SharedMaxAge, parsed.StaleWhileRevalidate, parsed.StaleIfError })
        {
            Assert.InRange(time ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(int.MaxValue));
        }

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
        (string Name, bool IsSaid)[] flags =
        [
            ("no-store", parsed.NoStore), ("private", parsed.IsPrivate), ("no-cache", parsed.NoCache), ("public", parsed.IsPublic),
            ("must-revalidate", parsed.MustRevalidate), ("proxy-revalidate", parsed.ProxyRevalidate),
            ("must-understand", parsed.MustUnderstand),
        ];
        (string Name, TimeSpan? Time)[] times =
        [
            ("max-age", parsed.MaxAge), ("s-maxage", parsed.SharedMaxAge),
            ("stale-while-revalidate", parsed.StaleWhileRevalidate), ("stale-if-error", parsed.StaleIfError),
        ];
        string again = string.Join(
            ", ",
            flags.Where(flag => flag.IsSaid)
                .Select(flag => flag.Name)
                .Concat(times.Where(time => time.Time is not null).Select(time => $"{time.Name}={time.Time!.Value.TotalSeconds:0}")));
        Assert.Equal(parsed, CacheControl.Parse(again));
    }

    private static string Fold(string value, char first, char last) =>
        string.Concat(value.Select(character => character >= first && character <= last ? (char)(character ^ 0x20) : character));
}
