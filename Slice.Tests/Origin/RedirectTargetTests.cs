using Slice.Net.Origin;

namespace Slice.Tests.Origin;

/// <summary>Where a Location leads, byte for byte, and to which hosts it may (B64).</summary>
public sealed class RedirectTargetTests
{
    private static readonly RedirectTarget s_from = new(IsTls: false, "origin.example", 8080, "/dir/file?a=b");

    [Theory]
    [InlineData("http://cdn.example/x?s=%2B%2f#part", "http cdn.example 80 /x?s=%2B%2f")]
    [InlineData("https://CDN.Example/a/../b/%41?X-Sig=a+b%3D", "https cdn.example 443 /a/../b/%41?X-Sig=a+b%3D")]
    [InlineData("HTTPS://cdn.example:8443?x", "https cdn.example 8443 /?x")]
    [InlineData("https://cdn.example", "https cdn.example 443 /")]
    [InlineData("https://cdn.example:80/", "https cdn.example 80 /")]
    [InlineData("https://cdn.example:/", "https cdn.example 443 /")]
    [InlineData("http://[::1]:81/x", "http [::1] 81 /x")]
    [InlineData("//cdn.example/x", "http cdn.example 80 /x")]
    [InlineData("/other?c", "http origin.example 8080 /other?c")]
    [InlineData("other", "http origin.example 8080 /dir/other")]
    [InlineData("../other?c", "http origin.example 8080 /other?c")]
    [InlineData("?c=d", "http origin.example 8080 /dir/file?c=d")]
    [Trait("Behaviour", "B64")]
    public void Location_leads_to_the_bytes_it_names(string location, string expected)
    {
        var target = RedirectTarget.Parse(location, s_from)!;
        Assert.Equal(expected, $"{(target.IsTls ? "https" : "http")} {target.Host} {target.Port} {target.PathAndQuery}");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ftp://cdn.example/x")]
    [InlineData("javascript:alert(1)")]
    [InlineData("mailto:a@b")]
    [InlineData("http://")]
    [InlineData("http:///x")]
    [InlineData("https://user@cdn.example/x")]
    [InlineData("https://user:password@cdn.example/x")]
    [InlineData("https://cdn.example:99999/x")]
    [InlineData("https://cdn.example:0/x")]
    [InlineData("https://cdn.example/a b")]
    [InlineData("https://cdn.example/ä")]
    [InlineData("https://cdn.example\\@other.example/")]
    [InlineData("https://cdn%2eexample/")]
    [Trait("Behaviour", "B64")]
    public void Other_locations_lead_nowhere(string? location) => Assert.Null(RedirectTarget.Parse(location, s_from));

    [Fact]
    public void Endless_location_leads_nowhere() =>
        Assert.Null(RedirectTarget.Parse("http://cdn.example/" + new string('a', 8 << 10), s_from));

    [Theory]
    [InlineData("cdn.example", true)]
    [InlineData("cdn.example.", true)]
    [InlineData("a.cdn.example", false)]
    [InlineData("a.store.example", true)]
    [InlineData("a.b.store.example", true)]
    [InlineData("store.example", false)]
    [InlineData(".store.example", false)]
    [InlineData("astore.example", false)]
    [InlineData("a.store.example.evil.example", false)]
    [InlineData("[2001:db8::1]", true)]
    [InlineData("127.0.0.1", false)]
    [Trait("Behaviour", "B64")]
    public void Hosts_are_those_of_the_list(string host, bool isAllowed) =>
        Assert.Equal(isAllowed, new RedirectHosts(["CDN.example", "*.Store.example", "2001:db8::1"]).Allow(host));
}
