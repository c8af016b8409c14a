using Slice.Tests.Support;

namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>Files of lighttpd, with validators, and without any: it sends none for a file whose media type it does not know.</summary>
public sealed class LighttpdTests
{
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [Trait("Behaviour", "B25")]
    public async Task File_comes_cold_warm_and_resumed(bool isSliced, bool hasMediaType)
    {
        using var files = new OriginFiles();
        await using var origin = await RealServer.StartAsync(
            "lighttpd",
            "/usr/sbin/lighttpd",
            $$$"""
            server.bind = "127.0.0.1"
            server.port = {{port}}
            server.document-root = "{{{files.Path}}}"
            server.errorlog = "/dev/stderr"
            mimetype.assign = ( "{{{(hasMediaType ? ".bin" : ".none")}}}" => "application/octet-stream" )
            """,
            "-D",
            "-f",
            "{{config}}");
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);

        RawResponse cold = await Downloads.AssertExactAsync(proxy, files);

        Assert.Equal(hasMediaType, cold.Field("ETag") is not null);
        Assert.Equal(hasMediaType, cold.Field("Last-Modified") is not null);
    }
}
