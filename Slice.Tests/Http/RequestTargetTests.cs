using System.Text;
using Slice.Core.Http;

namespace Slice.Tests.Http;

public class RequestTargetTests
{
    [Theory]
    [Trait("Behaviour", "B36")]
    [InlineData("/", RequestTargetForm.Origin, "", "/", "/", "")]
    [InlineData("/a/b?c=d?e", RequestTargetForm.Origin, "", "/a/b?c=d?e", "/a/b", "c=d?e")]
    [InlineData("/a?", RequestTargetForm.Origin, "", "/a?", "/a", "")]
    [InlineData("//a", RequestTargetForm.Origin, "", "//a", "//a", "")]
    [InlineData("/[x]{y}|^`\\", RequestTargetForm.Origin, "", "/[x]{y}|^`\\", "/[x]{y}|^`\\", "")]
    [InlineData("http://a:80/b?c", RequestTargetForm.Absolute, "a:80", "/b?c", "/b", "c")]
    [InlineData("HTTPS://a/", RequestTargetForm.Absolute, "a", "/", "/", "")]
    [InlineData("http://a", RequestTargetForm.Absolute, "a", "/", "/", "")]
    [InlineData("http://[::1]:8/x", RequestTargetForm.Absolute, "[::1]:8", "/x", "/x", "")]
    public void Target_is_taken_apart(
        string bytes, RequestTargetForm form, string authority, string pathAndQuery, string path, string query) =>
        AssertParts(bytes, RequestMethod.Get, form, authority, pathAndQuery, path, query);

    [Fact]
    [Trait("Behaviour", "B36")]
    public void Target_of_options_may_be_an_asterisk() =>
        AssertParts("*", RequestMethod.Options, RequestTargetForm.Asterisk, "", "*", "*", "");

    [Fact]
    [Trait("Behaviour", "B36")]
    public void Target_of_connect_is_an_authority() =>
        AssertParts("a:443", RequestMethod.Connect, RequestTargetForm.Authority, "a:443", "", "", "");

    [Theory]
    [Trait("Behaviour", "B37")]
    [InlineData("", RequestMethod.Get)]
    [InlineData("*", RequestMethod.Get)]
    [InlineData("**", RequestMethod.Options)]
    [InlineData("a", RequestMethod.Get)]
    [InlineData("a:80", RequestMethod.Get)]
    [InlineData("/a#b", RequestMethod.Get)]
    [InlineData("/a b", RequestMethod.Get)]
    [InlineData("/a\tb", RequestMethod.Get)]
    [InlineData("/<a>", RequestMethod.Get)]
    [InlineData("/\"a\"", RequestMethod.Get)]
    [InlineData("/\u00e9", RequestMethod.Get)]
    [InlineData("ftp://a/", RequestMethod.Get)]
    [InlineData("http:/a/", RequestMethod.Get)]
    [InlineData("http://", RequestMethod.Get)]
    [InlineData("http:///b", RequestMethod.Get)]
    [InlineData("http://u@a/", RequestMethod.Get)]
    [InlineData("http://a:x/", RequestMethod.Get)]
    [InlineData("http://a?b", RequestMethod.Get)]
    [InlineData("/", RequestMethod.Connect)]
    [InlineData("a", RequestMethod.Connect)]
    [InlineData("a:", RequestMethod.Connect)]
    [InlineData("http://a:80/", RequestMethod.Connect)]
    public void Target_in_no_allowed_form_is_refused(string bytes, RequestMethod method) =>
        Assert.False(RequestTarget.TryParse(Encoding.Latin1.GetBytes(bytes), method, out _));

    private static void AssertParts(
        string bytes, RequestMethod method, RequestTargetForm form, string authority, string pathAndQuery, string path, string query)
    {
        Assert.True(RequestTarget.TryParse(Encoding.Latin1.GetBytes(bytes), method, out RequestTarget target));
        Assert.Equal(form, target.Form);
        Assert.Equal(bytes, Encoding.Latin1.GetString(target.Bytes));
        Assert.Equal(authority, Encoding.Latin1.GetString(target.Authority));
        Assert.Equal(pathAndQuery, Encoding.Latin1.GetString(target.PathAndQuery));
        Assert.Equal(path, Encoding.Latin1.GetString(target.Path));
        Assert.Equal(query, Encoding.Latin1.GetString(target.Query));
    }
}
