using System.Text;
using CsCheck;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public class NormalizedTargetTests
{
    // Characters that make escapes, dot segments and stray percent signs collide.
    private static readonly Gen<string> s_targets = Gen.String[Gen.Char["%%%%2254Eeo3160/../..?az~"], 0, 24].Select(rest => "/" + rest);

    [Theory]
    [Trait("Behaviour", "B43")]
    [InlineData("/", "/")]
    [InlineData("/a/b?c=d", "/a/b?c=d")]
    [InlineData("/%64ownloads/x", "/downloads/x")]
    [InlineData("/%7Ea%2Db%2e%5F%41%7a%30", "/~a-b._Az0")]
    [InlineData("/a%2fb", "/a%2Fb")]
    [InlineData("/a%3fb?%3f", "/a%3Fb?%3F")]
    [InlineData("/a%20%c3%a9%00", "/a%20%C3%A9%00")]
    [InlineData("/a/./b", "/a/b")]
    [InlineData("/a/../b", "/b")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/a/b/.", "/a/b/")]
    [InlineData("/..", "/")]
    [InlineData("/../../a", "/a")]
    [InlineData("/a/%2e%2E/b", "/b")]
    [InlineData("/a/.%2e/b", "/b")]
    [InlineData("/a/%2e/b", "/a/b")]
    [InlineData("/a//../b", "/a/b")]
    [InlineData("/a/..%2fb", "/a/..%2Fb")]
    [InlineData("/a/...", "/a/...")]
    [InlineData("/a/.b", "/a/.b")]
    [InlineData("/.well-known/a", "/.well-known/a")]
    [InlineData("/a?b/../c", "/a?b/../c")]
    [InlineData("/a?%62=%2e%2e/%2E", "/a?b=../.")]
    [InlineData("/a%", "/a%")]
    [InlineData("/a%4", "/a%4")]
    [InlineData("/a%zz", "/a%zz")]
    [InlineData("/a%4g", "/a%4g")]
    [InlineData("/%%34%31", "/%%341")]
    [InlineData("/%4%31", "/%4%31")]
    [InlineData("/a/%/%2e%2e/b", "/a/b")]
    [InlineData("/a/%%2e%2e/b", "/a/%../b")]
    [InlineData("*", "*")]
    public void Target_has_one_normal_form(string target, string normal) => Assert.Equal(normal, Normalize(target));

    [Theory]
    [InlineData("/a/b?c=d", true)]
    [InlineData("/a.b/c..d", true)]
    [InlineData("/%41", false)]
    [InlineData("/a/../b", false)]
    [InlineData("/a/.", false)]
    public void IsNormal_is_true_only_without_escapes_and_leading_dots(string target, bool isNormal) =>
        Assert.Equal(isNormal, NormalizedTarget.IsNormal(Encoding.Latin1.GetBytes(target)));

    [Fact]
    [Trait("Behaviour", "B43")]
    public void Normalising_again_changes_nothing() => s_targets.Sample(target => Normalize(Normalize(target)) == Normalize(target));

    [Fact]
    [Trait("Behaviour", "B43")]
    public void Normal_form_is_never_longer_and_has_no_dot_segment() => s_targets.Sample(target =>
    {
        string normal = Normalize(target);
        string[] segments = normal.Split('?')[0].Split('/');
        return normal.Length <= target.Length && normal[0] == '/' && !segments.Contains(".") && !segments.Contains("..");
    });

    [Fact]
    [Trait("Behaviour", "B43")]
    public void IsNormal_means_the_form_is_the_target() =>
        s_targets.Sample(target => !NormalizedTarget.IsNormal(Encoding.Latin1.GetBytes(target)) || Normalize(target) == target);

    [Fact]
    public void Normal_form_needs_room_for_the_whole_target() =>
        Assert.ThrowsAny<ArgumentException>(() => NormalizedTarget.Write("/%41"u8, new byte[3]));

    // The destination is exactly as long as the target, as the contract says suffices.
    private static string Normalize(string target)
    {
        byte[] destination = new byte[target.Length];
        return Encoding.Latin1.GetString(destination, 0, NormalizedTarget.Write(Encoding.Latin1.GetBytes(target), destination));
    }
}
