using Slice.Host.Text;

namespace Slice.Tests.Host.Text;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("port", "port", 0)]
    [InlineData("PORT", "port", 0)]
    [InlineData("pot", "port", 1)]
    [InlineData("poort", "port", 1)]
    [InlineData("prot", "port", 1)]
    [InlineData("part", "port", 1)]
    [InlineData("cache-size", "cache_size", 0)]
    [InlineData("cahce_siz", "cache_size", 2)]
    public void Name_within_a_third_is_near(string name, string expected, int edits) =>
        Assert.Equal((expected, edits), NearestName.FindWithDistance(name, ["port", "cache_size"]));

    [Theory]
    [InlineData("")]
    [InlineData("xyz")]
    [InlineData("paaa")]
    [InlineData("cacheandmoresizes")]
    public void Name_beyond_a_third_is_not(string name) =>
        Assert.Equal((null, int.MaxValue), NearestName.FindWithDistance(name, ["port", "cache_size"]));

    [Fact]
    public void Of_equally_near_names_the_first_is_taken() => Assert.Equal("cart", NearestName.Find("carx", ["cart", "card"]));

    [Fact]
    public void Very_long_name_is_not_compared() => Assert.Null(NearestName.Find(new string('a', 65), [new string('a', 65)]));
}
