using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>What docs/scaling.md says of a server of Redis, as Redis reads it.</summary>
public sealed class RedisDocumentTests
{
    [Fact]
    public async Task Server_starts_with_the_lines_of_the_document_and_is_a_cache_then()
    {
        string text = Repository.Read("docs/scaling.md");
        int begin = text.IndexOf("# redis.conf of", StringComparison.Ordinal);
        string lines = text[begin..text.IndexOf("```", begin, StringComparison.Ordinal)];

        await using var server = await RedisServer.StartAsync(lines);

        Assert.Contains("68719476736", await server.CliAsync("config", "get", "maxmemory"), StringComparison.Ordinal);
        Assert.Contains("allkeys-lru", await server.CliAsync("config", "get", "maxmemory-policy"), StringComparison.Ordinal);
    }
}
