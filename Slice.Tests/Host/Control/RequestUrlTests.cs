using Slice.Host.Control;

namespace Slice.Tests.Host.Control;

public sealed class RequestUrlTests
{
    [Theory]
    [InlineData("/a/b?q=1", null, "/a/b?q=1")]
    [InlineData("/%64ownloads/../x", null, "/%64ownloads/../x")]
    [InlineData("http://files.example/a", "files.example", "/a")]
    [InlineData("HTTPS://files.example:8080/a?b", "files.example:8080", "/a?b")]
    [InlineData("http://files.example", "files.example", "/")]
    [InlineData("http://files.example?q", "files.example", "/?q")]
    [InlineData("http://[::1]:80/a", "[::1]:80", "/a")]
    [InlineData("/a#part", null, "/a")]
    [InlineData("/caf\u00e9", null, "/caf%C3%A9")]
    public void Path_or_url_is_read_with_its_own_spelling(string text, string? host, string target)
    {
        Assert.True(RequestUrl.TryParse(text, out var url));
        Assert.Equal((text, host, target), (url.Text, url.Host, url.Target));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("files.example/a")]
    [InlineData("ftp://files.example/a")]
    [InlineData("http:///a")]
    [InlineData("http://user@files.example/a")]
    [InlineData("http://files.example\r\nX: y/a")]
    [InlineData("/a b")]
    [InlineData("/a\r\nX: y")]
    public void Anything_else_is_refused(string text) => Assert.False(RequestUrl.TryParse(text, out _));
}
