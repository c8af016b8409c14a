using Slice.Core.Caching;
using Slice.Tests.Support;

namespace Slice.Tests.Fuzzing;

/// <summary>CDN-Cache-Control (RFC 9213): a dictionary of which the last member of a name counts, or nothing at all.</summary>
public sealed class TargetedCacheControlFuzz
{
    private static readonly FuzzGrammar s_grammar = new()
    {
        Seeds =
        [
            "max-age=60", "no-store", "max-age=60, s-maxage=30;x=1;y=\"a,b\", private=?0", "max-age=\"60\", public=?1",
            "max-age=1, max-age=2", "x=\"a\\\"b, no-store\", no-cache",
            "a=(b \"c, no-store\" d);e, must-revalidate", "x=:YWJj:, stale-if-error=5", "x=1.5, y=-3, *z=tok/en", "max-age=()",
        ],
        Words =
        [
            "no-store", "max-age=", "s-maxage", "=", ";", ",", ", ", " ", "\t", "?0", "?1", "\"", "\\", "(", ")", "(a b)",
            ":", "*", "NO-STORE", "-", "\u00e9", "\0",
        ],
        Separator = ",",
        LongestInput = 300,
    };

    [Fact]
    [Trait("Behaviour", "B27")]
    public Task Any_value_is_a_dictionary_or_ignored_as_a_whole() => FuzzRun.RunAsync(s_grammar, 60_000, Check);

    private static void Check(byte[] input)
    {
        string value = Wire.Text(input);
        if (TargetedCacheControl.TryParse(value) is not { } parsed)
        {
            // Nor does anything before it save it, unless there was nothing to save: a tab may stand between members and not before the
            // first.
            bool isNothing = value.AsSpan().TrimStart(' ') is "" or ['\t', ..];
            Assert.True(isNothing || TargetedCacheControl.TryParse("no-store, " + value) is null);
            return;
        }

        foreach (TimeSpan? time in new[] { parsed.MaxAge, parsed.SharedMaxAge, parsed.StaleWhileRevalidate, parsed.StaleIfError })
        {
            Assert.InRange(time ?? TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromSeconds(int.MaxValue));
        }

        Assert.Equal(parsed, TargetedCacheControl.TryParse("x-unknown=\"a, no-store\";b=?1, " + value));
        Assert.Equal(parsed with { MaxAge = TimeSpan.FromSeconds(5) }, TargetedCacheControl.TryParse(value + ",\tmax-age=5"));
        Assert.Equal(parsed with { NoStore = false }, TargetedCacheControl.TryParse(value + ", no-store=?0"));

        // A member of another form than we need is no reason to overlook those beside it (RFC 9213 §2.1).
        Assert.Equal(parsed, TargetedCacheControl.TryParse(value + ", x=(\"a, b\" c)"));
        Assert.Null(TargetedCacheControl.TryParse(value + ","));
        Assert.Null(TargetedCacheControl.TryParse(value + ", No-Store"));
    }
}
