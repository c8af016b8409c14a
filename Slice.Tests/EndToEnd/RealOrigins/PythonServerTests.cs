namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>Python's http.server: HTTP/1.0, no ranges, no entity tags, a connection for each request.</summary>
public sealed class PythonServerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B12")]
    public async Task File_comes_cold_warm_and_resumed(bool isSliced)
    {
        using var files = new OriginFiles();
        await using var origin = await RealServer.StartAsync(
            "python3", "/usr/bin/python3", "", "-m", "http.server", "{{port}}", "--bind", "127.0.0.1", "--directory", files.Path);
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);

        await Downloads.AssertExactAsync(proxy, files, understood: isSliced);
    }
}
