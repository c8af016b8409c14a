using Slice.Core.Caching;

namespace Slice.Tests.Caching;

public class CacheControlTests
{
    private static CacheControl None => default;

    [Theory]
    [InlineData("")]
    [InlineData(" , ,, ")]
    [InlineData("no-transform, immutable, stale-if-errors=60")]
    [InlineData("nostore, no-stores, xprivate")]
    [InlineData("x=\"no-store, private\"")]
    [InlineData("x=\"a\\\"no-store, private\"")]
    [InlineData("=no-store")]
    public void Unknown_directives_mean_nothing(string value) => Assert.Equal(None, CacheControl.Parse(value));

    [Theory]
    [InlineData("no-store")]
    [InlineData("NO-Store")]
    [InlineData(" \tno-store\t ")]
    [InlineData("max-age=5,no-store")]
    [InlineData("x=\"a, b\" , no-store")]
    [InlineData("x=\"unclosed\\\", no-store\",no-store")]
    [InlineData("no-store=yes")]
    public void NoStore_is_found_anywhere(string value) => Assert.True(CacheControl.Parse(value).NoStore);

    [Fact]
    public void Directives_are_told_apart()
    {
        Assert.Equal(None with { IsPrivate = true }, CacheControl.Parse("private"));
        Assert.Equal(None with { NoCache = true }, CacheControl.Parse("no-cache"));
        Assert.Equal(None with { IsPublic = true }, CacheControl.Parse("public"));
        Assert.Equal(None with { MustRevalidate = true }, CacheControl.Parse("must-revalidate"));
        Assert.Equal(None with { ProxyRevalidate = true }, CacheControl.Parse("proxy-revalidate"));
        Assert.Equal(None with { MustUnderstand = true }, CacheControl.Parse("Must-Understand"));
        Assert.Equal(None with { StaleIfError = TimeSpan.FromSeconds(7) }, CacheControl.Parse("stale-if-error=7"));
        Assert.Equal(None with { StaleWhileRevalidate = TimeSpan.FromSeconds(7) }, CacheControl.Parse("stale-while-revalidate=7"));
        Assert.Equal(None with { MaxAge = TimeSpan.FromSeconds(7) }, CacheControl.Parse("max-age=7"));
        Assert.Equal(None with { SharedMaxAge = TimeSpan.FromSeconds(7) }, CacheControl.Parse("s-maxage=7"));
    }

    [Theory]
    [InlineData("private=\"Set-Cookie, X\", max-age=5")]
    [InlineData("max-age=5, private=\"Set-Cookie\"")]
    [InlineData("private=set-cookie,max-age=5")]
    public void Private_with_field_names_counts_as_private(string value)
    {
        var parsed = CacheControl.Parse(value);
        Assert.True(parsed.IsPrivate);
        Assert.Equal(TimeSpan.FromSeconds(5), parsed.MaxAge);
    }

    // RFC 9111 §1.2.2 and §4.2.1.
    [Theory]
    [InlineData("max-age=0", 0)]
    [InlineData("max-age=60", 60)]
    [InlineData("max-age=\"60\"", 60)]
    [InlineData("max-age = 60", 60)]
    [InlineData("max-age=0060", 60)]
    [InlineData("max-age=2147483646", 2147483646)]
    [InlineData("max-age=2147483647", 2147483647)]
    [InlineData("max-age=2147483648", 2147483647)]
    [InlineData("max-age=99999999999999999999999", 2147483647)]
    [InlineData("max-age", 0)]
    [InlineData("max-age=", 0)]
    [InlineData("max-age=-1", 0)]
    [InlineData("max-age=+60", 0)]
    [InlineData("max-age=1.5", 0)]
    [InlineData("max-age=60s", 0)]
    [InlineData("max-age=6 0", 0)]
    [InlineData("max-age=60, max-age=30", 30)]
    [InlineData("max-age=30, max-age=60", 30)]
    [InlineData("max-age=30, max-age=x", 0)]
    public void MaxAge_is_never_read_too_long(string value, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), CacheControl.Parse(value).MaxAge);
}
