using Slice.Core.Caching;

namespace Slice.Tests.Caching;

public sealed class CacheTagsTests
{
    [Theory]
    [InlineData("a,b", null, "b", true)]
    [InlineData("a , b", null, "b", true)]
    [InlineData(",,a,", null, "a", true)]
    [InlineData("Product-17", null, "pRODUCT-17", true)]
    [InlineData("big sale,b", null, "big sale", true)]
    [InlineData("big sale,b", null, "sale", false)]
    [InlineData("ab", null, "a", false)]
    [InlineData(null, "a b\tc", "c", true)]
    [InlineData(null, "a,b", "b", true)]
    [InlineData(null, "a  b ", "", false)]
    [InlineData("a", "b", "a", true)]
    [InlineData("a", "b", "b", true)]
    [InlineData("a", "b", "x,y,b", true)]
    [InlineData("a", "b", "c", false)]
    [InlineData("\u00e9", null, "\u00e9", true)]
    public void Tags_of_both_fields_are_found_whatever_their_case(string? cacheTag, string? surrogateKey, string purged, bool isFound)
    {
        var tags = CacheTags.Read(surrogateKey, cacheTag, confirmed: null);
        Assert.NotNull(tags);
        Assert.Equal(isFound, tags.HasAnyOf(CacheTags.HashesOf(System.Text.Encoding.Latin1.GetBytes(purged))));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData(" , ", " \t")]
    public void Answer_without_tags_has_none(string? cacheTag, string? surrogateKey) =>
        Assert.Null(CacheTags.Read(surrogateKey, cacheTag, confirmed: null));

    [Fact]
    public void Validation_replaces_the_tags_of_the_fields_that_it_has()
    {
        var stored = CacheTags.Read("key", "tag", confirmed: null);

        var withoutFields = CacheTags.Read(null, "tag", stored);
        var withKey = CacheTags.Read("other", "tag", stored);

        Assert.Equal((true, true, false), (Has(withoutFields!, "key"), Has(withoutFields!, "tag"), Has(withoutFields!, "other")));
        Assert.Equal((false, true, true), (Has(withKey!, "key"), Has(withKey!, "tag"), Has(withKey!, "other")));
        static bool Has(CacheTags tags, string tag) => tags.HasAnyOf([CacheTags.HashOf(tag)]);
    }

    [Theory]
    [InlineData(CacheTags.MaxTags, false)]
    [InlineData(CacheTags.MaxTags + 1, true)]
    public void Answer_with_more_tags_than_are_kept_has_every_tag(int count, bool isCut)
    {
        string list = string.Join(',', Enumerable.Range(0, count));

        var byTag = CacheTags.Read(null, list + ",0", confirmed: null)!;
        var byKey = CacheTags.Read(list.Replace(',', ' '), null, confirmed: null)!;

        Assert.All([byTag, byKey], tags => Assert.Equal((isCut, isCut), (tags.IsCut, tags.HasAnyOf([CacheTags.HashOf("unheard-of")]))));
        Assert.All([byTag, byKey], tags => Assert.Equal(CacheTags.MaxTags, tags.Hashes.Length));
    }

    [Fact]
    public void Tag_of_any_length_can_be_asked_for()
    {
        string tag = new('t', 10_000);
        Assert.True(CacheTags.Read(null, tag, confirmed: null)!.HasAnyOf([CacheTags.HashOf(tag.ToUpperInvariant())]));
        Assert.False(CacheTags.Read(null, tag, confirmed: null)!.HasAnyOf([CacheTags.HashOf(tag + "t")]));
    }
}
