using Slice.Host.Status;
using Slice.Tests.Support;

namespace Slice.Tests.Host.Status;

/// <summary>What is typed into the search field, on its way to keys.</summary>
public sealed class QueryTextTests
{
    [Theory]
    [InlineData("/api/objects", null)]
    [InlineData("/api/objects?", null)]
    [InlineData("/api/objects?other=1", null)]
    [InlineData("/api/objects?qq=1", null)]
    [InlineData("/api/objects?q", "")]
    [InlineData("/api/objects?q=", "")]
    [InlineData("/api/objects?a=b&q=x&q=y", "x")]
    [InlineData("/api/objects?q=a+b%2Bc%20d", "a b+c d")]
    [InlineData("/api/objects?q=%C3%BC%3Cscript%3E", "ü<script>")]
    [InlineData("/api/objects?q=100%", "100%")]
    [InlineData("/api/objects?q=a=b?c", "a=b?c")]
    public void Argument_is_decoded(string target, string? value) => Assert.Equal(value, QueryText.ArgumentOf(Wire.Bytes(target), "q"));

    [Theory]
    [InlineData("/a.iso", "/a.iso")]
    [InlineData("/%3Cb%3E", "/%3Cb%3E")]
    [InlineData("ü b", "%C3%BC%20b")]
    [InlineData("", "")]
    public void Text_is_spelled_as_targets_are(string text, string key) => Assert.Equal(key, Wire.Text(QueryText.ToKeyBytes(text)));
}
