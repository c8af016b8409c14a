using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>Files of Apache httpd, plain and with the coding that its own sample configuration adds to archives.</summary>
public sealed class ApacheTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B59")]
    public async Task File_comes_cold_warm_and_resumed(bool isSliced)
    {
        using var files = new OriginFiles();
        await using var origin = await ApacheServer.StartAsync($"DocumentRoot {files.Path}");
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);

        RawResponse cold = await Downloads.AssertExactAsync(proxy, files);

        Assert.Null(cold.Field("Content-Encoding"));
    }

    // Each part of an archive then says Content-Encoding, whatever the request accepts.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B16")]
    public async Task Archive_with_an_added_encoding_comes_cold_warm_and_resumed(bool isSliced)
    {
        using var files = new OriginFiles("first.tar.gz", "second.tar.gz");
        await using var origin = await ApacheServer.StartAsync($"DocumentRoot {files.Path}\nAddEncoding x-gzip .gz");
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);

        RawResponse cold = await Downloads.AssertExactAsync(proxy, files);

        Assert.Equal("x-gzip", cold.Field("Content-Encoding"));
    }
}
