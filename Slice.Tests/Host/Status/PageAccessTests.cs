using System.Net;
using Slice.Core.Http;
using Slice.Host.Status;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Status;

/// <summary>Whose requests the status page answers.</summary>
public sealed class PageAccessTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.1:9090", true)]
    [InlineData("192.0.2.7:80", true)]
    [InlineData("[::1]:9090", true)]
    [InlineData("[2001:db8::1]", true)]
    [InlineData("localhost", true)]
    [InlineData("LOCALHOST:9090", true)]
    [InlineData("cache.example:9090", true)]
    [InlineData("a.inside.example", true)]
    [InlineData("", false)]
    [InlineData(":9090", false)]
    [InlineData("evil.example:9090", false)]
    [InlineData("cache.example.evil.example", false)]
    [InlineData("inside.example", false)]
    [InlineData("xinside.example", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    public void Name_is_known_when_nobody_else_can_make_it_lead_here(string host, bool isKnown) =>
        Assert.Equal(isKnown, PageAccess.IsKnownHost(Wire.Bytes(host), ["cache.example", "*.inside.example"]));

    [Fact]
    public void Name_of_the_machine_is_known() => Assert.True(PageAccess.IsKnownHost(Wire.Bytes(Dns.GetHostName() + ":9090"), []));

    [Theory]
    [InlineData(true)]
    [InlineData(true, "Sec-Fetch-Site: none")]
    [InlineData(true, "Sec-Fetch-Site: same-origin")]
    [InlineData(false, "Sec-Fetch-Site: same-site")]
    [InlineData(false, "Sec-Fetch-Site: cross-site")]
    [InlineData(false, "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: same-origin")]
    public void Parts_are_read_by_the_page_and_by_programs(bool mayRead, params string[] fields) =>
        Assert.Equal(mayRead, PageAccess.MayRead(FieldsOf(fields)));

    [Theory]
    [InlineData(true, "X-Status-Page: 1")]
    [InlineData(true, "X-Status-Page: 1", "Origin: http://cache.example:9090", "Sec-Fetch-Site: same-origin")]
    [InlineData(false)]
    [InlineData(false, "X-Status-Page: 2")]
    [InlineData(false, "Origin: http://cache.example:9090", "Sec-Fetch-Site: same-origin")]
    [InlineData(false, "X-Status-Page: 1", "Origin: null")]
    [InlineData(false, "X-Status-Page: 1", "Origin: http://cache.example")]
    [InlineData(false, "X-Status-Page: 1", "Origin: http://cache.example:8080", "Sec-Fetch-Site: same-site")]
    [InlineData(false, "X-Status-Page: 1", "Origin: http://evil.example:9090")]
    [InlineData(false, "X-Status-Page: 1", "Sec-Fetch-Site: none")]
    [InlineData(false, "X-Status-Page: 1", "Sec-Fetch-Site: cross-site")]
    [InlineData(false, "X-Status-Page: 1", "X-Status-Page: 1")]
    public void Purge_is_taken_from_the_page_and_from_programs_that_say_so(bool mayChange, params string[] fields) =>
        Assert.Equal(mayChange, PageAccess.MayChange(FieldsOf(fields), "cache.example:9090"u8));

    [Theory]
    [InlineData(false, "User-Agent: curl/8.0")]
    [InlineData(true, "origin: null")]
    [InlineData(true, "sec-fetch-site: same-origin")]
    public void Browser_says_that_it_is_one(bool isBrowser, string field) =>
        Assert.Equal(isBrowser, PageAccess.IsOfBrowser(FieldsOf(field)));

    private static FieldTable FieldsOf(params string[] fields) =>
        Heads.ParseRequest(RawClient.Request("POST", "/api/purge", fields)).Fields;
}
