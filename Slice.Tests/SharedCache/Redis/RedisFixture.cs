using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Redis;

/// <summary>One <see cref="RedisServer"/> for the tests of a class.</summary>
public class RedisFixture : IAsyncLifetime
{
    private RedisServer? _server;

    /// <summary>The server.</summary>
    public RedisServer Server => _server ?? throw new InvalidOperationException("not started");

    /// <summary>Starts the server.</summary>
    public async ValueTask InitializeAsync() => _server = await StartAsync();

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>A server without anything; overridden for another one.</summary>
    protected virtual Task<RedisServer> StartAsync() => RedisServer.StartAsync();
}
