namespace Slice.Core.SharedCache;

/// <summary>What is asked of a store in one way mostly.</summary>
public static class KeyValueStoreExtensions
{
    /// <summary>Adds one to a counter: see <see cref="IKeyValueStore.IncrementAsync(string, long, long, CancellationToken)"/>.</summary>
    public static ValueTask<long> IncrementAsync(this IKeyValueStore store, string key, long first, CancellationToken ct) =>
        store.IncrementAsync(key, first, addend: 1, ct);
}
