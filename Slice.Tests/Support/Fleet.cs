using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Tests.Support;

/// <summary>Several proxies in this process that share a tier in memory, in front of one origin.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly List<ProxyUnderTest> _members = [];
    private readonly Uri _origin;
    private readonly Func<SliceOptions, SliceOptions> _configure;
    private readonly bool _canTell;

    private Fleet(Uri origin, Func<SliceOptions, SliceOptions> configure, bool canTell) =>
        (_origin, _configure, _canTell) = (origin, configure, canTell);

    /// <summary>What they share.</summary>
    public MemoryKeyValueServer Server { get; } = new();

    /// <summary>One of them.</summary>
    public ProxyUnderTest this[int index] => _members[index];

    /// <summary>Starts so many of them, and waits until all use the tier.</summary>
    /// <param name="origin">The origin.</param>
    /// <param name="count">How many.</param>
    /// <param name="configure">Changes what they share; null for 4-byte slices, a second of coherence and a patient deadline.</param>
    /// <param name="canTell">Whether the store tells the others that there is news; else they look.</param>
    public static async Task<Fleet> StartAsync(
        Uri origin, int count, Func<SliceOptions, SliceOptions>? configure = null, bool canTell = true)
    {
        var fleet = new Fleet(origin, configure ?? (static options => options), canTell);
        while (fleet._members.Count < count)
        {
            await fleet.AddAsync();
        }

        return fleet;
    }

    /// <summary>One more, with nothing stored.</summary>
    public async Task<ProxyUnderTest> AddAsync()
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [_origin],
            SliceSizeBytes = 4,
            ListenAddress = "127.0.0.1:0",
            MetricsEndpoint = new MetricsEndpointOptions { Address = "127.0.0.1:0" },
            Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },
            SharedCache = new SharedCacheOptions { Timeout = TimeSpan.FromSeconds(5) },
        };
        var member = await ProxyUnderTest.StartAsync(
            _configure(options), TimeProvider.System, (_, level) => level >= LogLevel.Information, null, Server.Open(_canTell));
        _members.Add(member);
        await Eventually.TrueAsync(() => member.Composition.Tier!.State == TierState.Up, "the tier to be in use");
        return member;
    }

    /// <summary>Stops one.</summary>
    public async Task RemoveAsync(int index)
    {
        var member = _members[index];
        _members.RemoveAt(index);
        await member.DisposeAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }
    }
}
