using Slice.Core.SharedCache;

namespace Slice.Tests.Support;

/// <summary>A real store behind some <see cref="Weather"/>.</summary>
/// <param name="store">The store, which this disposes.</param>
/// <param name="weather">What happens on the way.</param>
internal sealed class WeatheredStore(IKeyValueStore store, Weather weather) : IKeyValueStore
{
    public string Name => store.Name;

    public Action? Told
    {
        get => store.Told;
        set => store.Told = value;
    }

    public bool CanTell => store.CanTell;

    public bool LosesSome => store.LosesSome;

    public bool GivesBeginnings => store.GivesBeginnings;

    public async ValueTask<LeasedValue?> GetAsync(string key, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        return Changed(key, await store.GetAsync(key, ct));
    }

    public async ValueTask<LeasedValue?> GetBeginningAsync(string key, int lengthBytes, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        return Changed(key, await store.GetBeginningAsync(key, lengthBytes, ct));
    }

    private LeasedValue? Changed(string key, LeasedValue? value)
    {
        if (value is null || weather.Reading is not { } change)
        {
            return value;
        }

        using (value)
        {
            return change(key, value.Bytes.ToArray()) is { } changed ? new LeasedValue(changed, value.Remaining, null) : null;
        }
    }

    public async ValueTask<LeasedValue?> GetShortAsync(string key, bool isSure, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        var value = await store.GetShortAsync(key, isSure, ct);
        await (weather.HasRead?.Invoke(key) ?? Task.CompletedTask).WaitAsync(ct);
        return value;
    }

    public async ValueTask SetAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        if (weather.IsFull)
        {
            throw new KeyValueStoreException("out of memory");
        }

        await store.SetAsync(key, value, lifetime, ct);
    }

    public async ValueTask<bool> TryAddAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        return await store.TryAddAsync(key, value, lifetime, ct);
    }

    public async ValueTask<bool> TryRenewAsync(string key, ReadOnlyMemory<byte> value, TimeSpan lifetime, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        return await store.TryRenewAsync(key, value, lifetime, ct);
    }

    public async ValueTask RemoveAsync(string key, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        await store.RemoveAsync(key, ct);
    }

    public async ValueTask<long> IncrementAsync(string key, long first, long addend, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        await (weather.Counting?.Invoke() ?? Task.CompletedTask).WaitAsync(ct);
        return await store.IncrementAsync(key, first, addend, ct);
    }

    public async ValueTask<long> EnsureCounterAsync(string key, long first, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        return await store.EnsureCounterAsync(key, first, ct);
    }

    public async ValueTask<long> ReadCounterAsync(string key, CancellationToken ct)
    {
        await weather.PassAsync(key, ct);
        return await store.ReadCounterAsync(key, ct);
    }

    public async ValueTask TellAsync(CancellationToken ct)
    {
        await weather.PassAsync("", ct);
        await store.TellAsync(ct);
    }

    public ValueTask<string> DescribeAsync(CancellationToken ct) => store.DescribeAsync(ct);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
