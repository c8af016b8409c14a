using System.Text;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Tests.Support;

namespace Slice.Tests.Caching;

[Trait("Behaviour", "B50")]
public sealed class KeyFieldsTests
{
    private static string SuffixOf(string names, params string[] fields)
    {
        byte[] suffix = new byte[KeyFields.SuffixBytes];
        int length = new KeyFields(names.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Write(Heads.Get(fields).Fields, suffix);
        return Encoding.ASCII.GetString(suffix, 0, length);
    }

    [Theory]
    [InlineData("")]
    [InlineData("", "X-Api-Key: a")]
    [InlineData("X-Api-Key")]
    [InlineData("X-Api-Key", "X-Other: a")]
    [InlineData("X-Api-Key", "Connection: x-api-key", "X-Api-Key: a")]
    public void Request_without_the_fields_has_no_suffix(string names, params string[] fields) => Assert.Empty(SuffixOf(names, fields));

    // The beginning of sha256("x-api-key:a\n").
    [Fact]
    public void Suffix_is_a_digest_of_the_lines()
    {
        string expected = " " + Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData("x-api-key:a\n"u8).AsSpan(0, 16));
        Assert.Equal(expected, SuffixOf("X-Api-Key", "x-API-key:  a \t"));
        Assert.Equal(expected, SuffixOf("Origin X-API-KEY x-api-key", "X-Api-Key: a"));
    }

    [Fact]
    public void Requests_of_which_the_origin_sees_something_else_have_other_suffixes()
    {
        string[] suffixes =
        [
            SuffixOf("A B"),
            SuffixOf("A B", "A:"),
            SuffixOf("A B", "B:"),
            SuffixOf("A B", "A: x"),
            SuffixOf("A B", "A: X"),
            SuffixOf("A B", "B: x"),
            SuffixOf("A B", "A: x", "B: x"),
            SuffixOf("A B", "A: x", "A: x"),
            SuffixOf("A B", "A: x, x"),
            SuffixOf("A B", "A: x b:x"),
            SuffixOf("A B", "A: x", "A: y"),
            SuffixOf("A B", "A: y", "A: x"),
        ];
        Assert.Equal(suffixes.Length, suffixes.Distinct().Count());
    }

    [Theory]
    [InlineData("/a", "/a")]
    [InlineData("/a 0123456789abcdef0123456789abcdef", "/a")]
    [InlineData("/a#0123456789abcdef0123456789abcdef", "/a#0123456789abcdef0123456789abcdef")]
    [InlineData("", "")]
    public void Resource_is_the_key_without_its_suffix(string key, string resource) =>
        Assert.Equal(resource, Encoding.ASCII.GetString(KeyFields.ResourceOf(Encoding.ASCII.GetBytes(key))));

    [Theory]
    [InlineData("X-Api-Key", true)]
    [InlineData("Origin", true)]
    [InlineData("Authorization", true)]
    [InlineData("Cookie", true)]
    [InlineData("X-Forwarded-Proto", true)]
    [InlineData("X_Tenant", true)]
    [InlineData("", false)]
    [InlineData("a b", false)]
    [InlineData("a:", false)]
    [InlineData("é", false)]
    [InlineData("Host", false)]
    [InlineData("host", false)]
    [InlineData("Range", false)]
    [InlineData("If-None-Match", false)]
    [InlineData("Cache-Control", false)]
    [InlineData("Content-Length", false)]
    [InlineData("Transfer-Encoding", false)]
    [InlineData("Connection", false)]
    [InlineData("Keep-Alive", false)]
    [InlineData("Proxy-Authorization", false)]
    [InlineData("Upgrade", false)]
    [InlineData("TE", false)]
    [InlineData("Via", false)]
    [InlineData("CDN-Loop", false)]
    [InlineData("Expect", false)]
    [InlineData("Accept-Encoding", false)]
    public void Field_that_the_origin_does_not_see_as_the_client_sets_it_tells_nothing_apart(string name, bool isAllowed) =>
        Assert.Equal(isAllowed, SharedRequestFields.CheckAlsoIncluded(name) is null);
}
