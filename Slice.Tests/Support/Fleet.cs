using Microsoft.Extensions.Logging;
using Slice.Core.Options;
using Slice.Core.SharedCache;

namespace Slice.Tests.Support;

/// <summary>Several proxies in this process that share a tier, in front of one origin.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly List<ProxyUnderTest> _members = [];
    private readonly Uri _origin;
    private readonly Func<IKeyValueStore> _open;
    private readonly Func<SliceOptions, SliceOptions> _configure;

    private Fleet(Uri origin, Func<IKeyValueStore> open, Func<SliceOptions, SliceOptions> configure) =>
        (_origin, _open, _configure) = (origin, open, configure);

    /// <summary>How many there are.</summary>
    public int Count => _members.Count;

    /// <summary>One of them.</summary>
    public ProxyUnderTest this[int index] => _members[index];

    /// <summary>Starts so many of them, and waits until all use the tier.</summary>
    /// <param name="origin">The origin.</param>
    /// <param name="count">How many.</param>
    /// <param name="open">Opens the store of one of them.</param>
    /// <param name="configure">Changes what they share; null for slices of four bytes and a patient deadline.</param>
    public static async Task<Fleet> StartAsync(
        Uri origin, int count, Func<IKeyValueStore> open, Func<SliceOptions, SliceOptions>? configure = null)
    {
        var fleet = new Fleet(origin, open, configure ?? (static options => options));
        while (fleet.Count < count)
        {
            await fleet.AddAsync();
        }

        return fleet;
    }

    /// <summary>One more, with nothing stored, that uses the tier.</summary>
    /// <param name="time">Its clock; null for the system's.</param>
    /// <param name="also">Changes what it does not share with the others; null for nothing.</param>
    public async Task<ProxyUnderTest> AddAsync(TimeProvider? time = null, Func<SliceOptions, SliceOptions>? also = null)
    {
        var member = await AddStartingAsync(time, also);
        await IsUpAsync(member);
        return member;
    }

    /// <summary>The same, which may not use the tier yet.</summary>
    public async Task<ProxyUnderTest> AddStartingAsync(TimeProvider? time = null, Func<SliceOptions, SliceOptions>? also = null)
    {
        var options = new SliceOptions
        {
            UpstreamAddresses = [_origin],
            SliceSizeBytes = 4,
            ListenAddress = "127.0.0.1:0",
            MetricsEndpoint = new MetricsEndpointOptions { Address = "127.0.0.1:0" },
            Store = new CacheStoreOptions { MemorySizeBytes = 64 << 20 },
            Hedges = false,
            SharedCache = new SharedCacheOptions { Timeout = TimeSpan.FromSeconds(5) },
        };
        var member = await ProxyUnderTest.StartAsync(
            also?.Invoke(_configure(options)) ?? _configure(options),
            time ?? TimeProvider.System,
            (_, level) => level >= LogLevel.Information,
            null,
            _open());
        _members.Add(member);
        return member;
    }

    /// <summary>Waits until an instance uses the tier.</summary>
    public static Task IsUpAsync(ProxyUnderTest member) => Eventually.TrueAsync(
        () => member.Composition.Tier!.State == TierState.Up,
        () => $"the tier to be in use: {member.Composition.Tier!.State} {member.Composition.Tier.Fleet.Reason}",
        TimeSpan.FromSeconds(40));

    /// <summary>Stops one.</summary>
    public Task RemoveAsync(int index) => RemoveAsync(_members[index]);

    /// <summary>Stops this one.</summary>
    public async Task RemoveAsync(ProxyUnderTest member)
    {
        _members.Remove(member);
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
