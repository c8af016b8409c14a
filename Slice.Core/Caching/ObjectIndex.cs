using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Slice.Core.Caching;

/// <summary>The live generation of every stored object, by key. Thread-safe; look-ups take no lock and allocate nothing.</summary>
public sealed class ObjectIndex
{
    private readonly ConcurrentDictionary<CacheKey, Generation> _generations = new(CacheKeyComparer.Instance);
    private readonly ConcurrentDictionary<CacheKey, Generation>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;

    /// <summary>An empty index.</summary>
    public ObjectIndex() => _byBytes = _generations.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Objects stored.</summary>
    public int Count => _generations.Count;

    /// <summary>Finds the live generation under the key whose bytes are given.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out Generation? generation) =>
        _byBytes.TryGetValue(key, out generation);

    /// <summary>
    /// Makes a generation the live one of its key; the one before it, if any, is retired. One that is retired already is not kept.
    /// </summary>
    public void Publish(Generation generation)
    {
        Generation? previous = null;
        _generations.AddOrUpdate(
            generation.Key,
            static (_, added) => added,
            (_, existing, added) =>
            {
                previous = existing;
                return added;
            },
            generation);
        if (previous is not null && previous != generation)
        {
            previous.Retire();
        }

        // Thread A publishes; thread B finds the object changed and removes it. B retires first and looks for it second, A adds first
        // and looks at the flag second: one of the two takes it out.
        if (generation.IsRetired)
        {
            _generations.TryRemove(KeyValuePair.Create(generation.Key, generation));
        }
    }

    /// <summary>Takes the key's object out of the cache at once, whatever its size (PURGE).</summary>
    /// <returns>The slices it had, or -1 when nothing was stored under the key.</returns>
    public int Remove(ReadOnlySpan<byte> key)
    {
        if (!_byBytes.TryRemove(key, out var generation))
        {
            return -1;
        }

        int slices = generation.StoredSlices;
        generation.Retire();
        return slices;
    }

    /// <summary>Retires a generation; when it is the live one of its key, the key is free again.</summary>
    public void Remove(Generation generation)
    {
        generation.Retire();
        _generations.TryRemove(KeyValuePair.Create(generation.Key, generation));
    }
}
