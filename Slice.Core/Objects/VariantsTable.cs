using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>The live generations by key. Thread-safe; look-ups take no lock and allocate nothing.</summary>
internal sealed class VariantsTable
{
    private readonly ConcurrentDictionary<CacheKey, StoredVariants> _variants = new(CacheKeyComparer.Instance);
    private readonly ConcurrentDictionary<CacheKey, StoredVariants>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;

    /// <summary>An empty table.</summary>
    public VariantsTable() => _byBytes = _variants.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Keys under which something is stored.</summary>
    public int Count => _variants.Count;

    /// <summary>All generations; those that come or go meanwhile may be among them.</summary>
    public IEnumerable<Generation> Generations
    {
        get
        {
            foreach (var (_, variants) in _variants)
            {
                for (int index = 0; index < variants.All.Length; index++)
                {
                    yield return variants.All[index];
                }
            }
        }
    }

    /// <summary>Whether something is stored under a key.</summary>
    public bool Contains(ReadOnlySpan<byte> key) => _byBytes.ContainsKey(key);

    /// <summary>What is stored under a key.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out StoredVariants? variants) =>
        _byBytes.TryGetValue(key, out variants);

    /// <summary>The same for a key that is one.</summary>
    public bool TryGet(CacheKey key, [NotNullWhen(true)] out StoredVariants? variants) => _variants.TryGetValue(key, out variants);

    /// <summary>Takes all out that is stored under a key.</summary>
    public bool TryRemove(ReadOnlySpan<byte> key, [NotNullWhen(true)] out StoredVariants? variants) =>
        _byBytes.TryRemove(key, out variants);

    /// <summary>Adds a generation; returns those that it stands in for.</summary>
    public List<Generation> Add(Generation generation) => TryAdd(generation, static (_, _) => true)!;

    /// <summary>The same where what is there allows it; null, and nothing is added, where it does not.</summary>
    /// <param name="generation">The generation.</param>
    /// <param name="mayTake">Whether it may come to those that are there; called again when these change meanwhile.</param>
    public List<Generation>? TryAdd(Generation generation, Func<StoredVariants, Generation, bool> mayTake)
    {
        var replaced = new List<Generation>();
        while (true)
        {
            replaced.Clear();
            bool isThere = _variants.TryGetValue(generation.Key, out var existing);
            if (isThere && !mayTake(existing!, generation))
            {
                return null;
            }

            bool isDone = isThere
                ? _variants.TryUpdate(generation.Key, existing!.With(generation, replaced), existing)
                : _variants.TryAdd(generation.Key, new StoredVariants(generation));
            if (isDone)
            {
                return replaced;
            }
        }
    }

    /// <summary>
    /// Puts a generation into the place of another one; returns those that it stands in for, or null when the other one is not in the
    /// table.
    /// </summary>
    public List<Generation>? TryReplace(Generation other, Generation generation)
    {
        var replaced = new List<Generation>();
        while (_variants.TryGetValue(other.Key, out var existing) && existing.Contains(other))
        {
            replaced.Clear();
            if (_variants.TryUpdate(other.Key, existing.With(generation, replaced), existing))
            {
                return replaced;
            }
        }

        return null;
    }

    /// <summary>Takes a generation out; nothing when it is not in the table.</summary>
    public void Remove(Generation generation)
    {
        while (_variants.TryGetValue(generation.Key, out var existing))
        {
            var rest = existing.Without(generation);
            bool isDone = rest == existing
                || (rest is null
                    ? _variants.TryRemove(KeyValuePair.Create(generation.Key, existing))
                    : _variants.TryUpdate(generation.Key, rest, existing));
            if (isDone)
            {
                return;
            }
        }
    }
}
