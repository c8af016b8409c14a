using Slice.Tests.Support;

namespace Slice.Tests.SharedCache.Memcached;

/// <summary>Servers that the tests of a class share; keys tell them apart.</summary>
public sealed class MemcachedFixture : IAsyncLifetime
{
    private MemcachedServer[] _servers = [];

    /// <summary>Three servers, <c>HOST:PORT</c> each.</summary>
    public IReadOnlyList<string> Addresses => [.. _servers.Select(server => server.Authority)];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() =>
        _servers = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => MemcachedServer.StartAsync()));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }
    }
}
