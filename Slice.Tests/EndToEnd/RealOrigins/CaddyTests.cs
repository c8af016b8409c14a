namespace Slice.Tests.EndToEnd.RealOrigins;

/// <summary>Files of Caddy.</summary>
public sealed class CaddyTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    [Trait("Behaviour", "B59")]
    public async Task File_comes_cold_warm_and_resumed(bool isSliced)
    {
        using var files = new OriginFiles();
        await using var origin = await RealServer.StartAsync(
            "caddy",
            "caddy",
            $$$"""
            {
              "admin": { "disabled": true, "config": { "persist": false } },
              "storage": { "module": "file_system", "root": "{{prefix}}" },
              "apps": { "http": { "servers": { "files": {
                "listen": ["127.0.0.1:{{port}}"],
                "routes": [ { "handle": [ { "handler": "file_server", "root": "{{{files.Path}}}" } ] } ]
              } } } }
            }
            """,
            "run",
            "--config",
            "{{config}}",
            "--adapter",
            "");
        await using var proxy = await Downloads.StartProxyAsync(origin, isSliced);

        await Downloads.AssertExactAsync(proxy, files);
    }
}
