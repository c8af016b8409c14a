using Slice.Core.Caching;

namespace Slice.Tests.Caching;

/// <summary>CDN-Cache-Control is a Structured Field dictionary (RFC 9213, RFC 8941 §3.2).</summary>
public sealed class TargetedCacheControlTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("max-age=60,")]
    [InlineData("max-age=60 no-store")]
    [InlineData("Max-Age=60")]
    [InlineData("=60")]
    [InlineData("max-age=")]
    [InlineData("max-age=\"60")]
    [InlineData("max-age=60;=1")]
    [InlineData("no-store, , private")]
    [InlineData("no-store, x=(a b")]
    [InlineData("no-store, x=(a,b)")]
    [InlineData("no-store, x=(a)b")]
    [InlineData("no-store, x=a)")]
    public void What_is_no_dictionary_is_ignored(string? value) => Assert.Null(TargetedCacheControl.TryParse(value));

    [Theory]
    [InlineData("max-age=60", 60)]
    [InlineData("max-age=60;x=1, y=\"a,b\";z, q=:YQ==:", 60)]
    [InlineData("max-age=10\t,\tmax-age=60", 60)]
    [InlineData("x=(\"a, b\" c;d=1  e);f, y=(), max-age=60", 60)]
    [InlineData("max-age=(60)", -1)]
    [InlineData("max-age=60, max-age=\"5\"", 60)]
    [InlineData("max-age=\"60\"", -1)]
    [InlineData("max-age=60.5", -1)]
    [InlineData("max-age=?1", -1)]
    [InlineData("max-age", -1)]
    public void Max_age_is_an_integer(string value, int seconds) =>
        Assert.Equal(seconds < 0 ? null : TimeSpan.FromSeconds(seconds), TargetedCacheControl.TryParse(value)!.Value.MaxAge);

    [Theory]
    [InlineData("no-store", true)]
    [InlineData("no-store=?1", true)]
    [InlineData("no-store=?0", false)]
    [InlineData("no-store=1", false)]
    [InlineData("no-store, no-store=?0", false)]
    public void Flags_are_booleans(string value, bool isSet) => Assert.Equal(isSet, TargetedCacheControl.TryParse(value)!.Value.NoStore);
}
