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
    [InlineData(@"(a)\1", "linear time")]
    [InlineData("(?=a)", "linear time")]
    [InlineData("(?>a)", "linear time")]
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
