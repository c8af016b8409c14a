using System.Text.RegularExpressions;
using Slice.Core.Options;

namespace Slice.Tests.Options;

public sealed class SlicePatternTests
{
    [Theory]
    [InlineData("^/downloads/.*", "/downloads/a", true)]
    [InlineData("^/downloads/.*", "/other/a", false)]
    [InlineData(@"^/files/.*\.(bin|iso)$", "/files/x.iso", true)]
    [InlineData(@"(?i)\.ISO$", "/x.iso", true)]
    public void Pattern_compiles_and_matches(string text, string path, bool isMatch)
    {
        Assert.Null(SlicePattern.Compile(text, out Regex? pattern));
        Assert.Equal(isMatch, pattern!.IsMatch(path));
    }

    [Theory]
    [InlineData("(", "not a regular expression")]
    [InlineData("[a", "not a regular expression")]
    [InlineData(@"(a)\1", "linear time (a backreference at offset 3)")]
    [InlineData("(?<n>a)\\k<n>", "linear time (a backreference at offset 7)")]
    [InlineData("(?=a)", "linear time (lookahead at offset 0)")]
    [InlineData("b(?!a)", "linear time (lookahead at offset 1)")]
    [InlineData("(?<=a)b", "linear time (lookbehind at offset 0)")]
    [InlineData("(?<!a)b", "linear time (lookbehind at offset 0)")]
    [InlineData("(?>a)", "linear time (an atomic group at offset 0)")]
    [InlineData("(a)?(?(1)b|c)", "linear time (a condition at offset 4)")]
    [InlineData(@"a\Gb", @"linear time (\G at offset 1)")]
    [InlineData(@"[(?=]\(?=(?=a)", "linear time (lookahead at offset 9)")]
    [InlineData(@"[](?=\]](?=a)", "linear time (lookahead at offset 8)")]
    [InlineData("a{100000}", "more than 10,000 states")]
    [InlineData("^/(x{1,200}){100}$", "more than 10,000 states")]
    [InlineData("[(?=]{10001}", "more than 10,000 states")]
    public void Pattern_that_cannot_be_used_is_refused_with_the_reason(string text, string reason)
    {
        Assert.Contains(reason, SlicePattern.Compile(text, out Regex? pattern), StringComparison.Ordinal);
        Assert.Null(pattern);
    }

    // With backtracking this takes longer than the age of the universe.
    [Fact]
    public void Hostile_path_is_matched_all_the_same()
    {
        Assert.Null(SlicePattern.Compile("^/(a+)+$", out Regex? pattern));
        Assert.DoesNotMatch(pattern!, "/" + new string('a', 8_000) + "!");
    }
}
