using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Slice.Core.Caching;
using Slice.Core.Http;
using Slice.Core.Storage;

namespace Slice.Core.Objects;

/// <summary>
/// The live generations of every stored object, by key and selecting fields. Thread-safe; look-ups take no lock and allocate nothing.
/// </summary>
public sealed class ObjectIndex
{
    private readonly ConcurrentDictionary<CacheKey, StoredVariants> _objects = new(CacheKeyComparer.Instance);
    private readonly ConcurrentDictionary<CacheKey, StoredVariants>.AlternateLookup<ReadOnlySpan<byte>> _byBytes;
    private readonly SiblingKeys _siblings = new();
    private readonly RecentRemovals _removals = new();
    private readonly Lock _successions = new();
    private readonly IndexMemory _memory;

    /// <summary>An empty index.</summary>
    /// <param name="memoryBytes">Most bytes of memory for what is in it, about; what was not used lately goes for what comes.</param>
    public ObjectIndex(long memoryBytes = long.MaxValue)
    {
        _byBytes = _objects.GetAlternateLookup<ReadOnlySpan<byte>>();
        _memory = new IndexMemory(memoryBytes, Remove);
    }

    /// <summary>Bytes of memory that what is in it takes, about.</summary>
    public long MemoryBytes => _memory.Bytes;

    /// <summary>Bytes that a journal of nothing but what is in it has.</summary>
    internal long JournalBytes => _memory.JournalBytes;

    /// <summary>Objects stored.</summary>
    public int Count => _objects.Count;

    /// <summary>Whether anything is stored under the key, selected or not.</summary>
    public bool Contains(ReadOnlySpan<byte> key) => _byBytes.ContainsKey(key);

    /// <summary>Finds the live generation under the key whose bytes are given that the request's fields select.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, FieldTable request, [NotNullWhen(true)] out Generation? generation) =>
        TryGet(key, request, out generation, out _);

    /// <summary>The same, and what selecting took: see <see cref="SelectingValue.TryRead"/>.</summary>
    internal bool TryGet(ReadOnlySpan<byte> key, FieldTable request, [NotNullWhen(true)] out Generation? generation, out int steps)
    {
        generation = null;
        steps = 0;
        if (!_byBytes.TryGetValue(key, out var variants) || !variants.TrySelect(request, out generation, out steps))
        {
            return false;
        }

        generation.Place.CountUse();
        return true;
    }

    /// <summary>
    /// How often a key, or one that shares its counter, was taken out on somebody's behest. An answer that was asked for before its key was
    /// taken out is not to be kept (B52): see <see cref="Publish(Generation, int)"/>.
    /// </summary>
    public int RemovalsOf(ReadOnlySpan<byte> key) => _removals.CountOf(ResourceHashOf(key));

    /// <summary>
    /// Publishes a generation unless its key was taken out since <paramref name="removalsSeen"/> was read. Then the generation is retired:
    /// good for those who asked, and for nobody after them.
    /// </summary>
    public void Publish(Generation generation, int removalsSeen)
    {
        Publish(generation);

        // Thread A publishes; thread B removes the key. B counts first and takes out second, A publishes first and looks at the count
        // second: one of the two takes the generation out.
        if (_removals.MayHaveSince(ResourceHashOf(generation.Key.Bytes), removalsSeen))
        {
            Remove(generation);
        }
    }

    /// <summary>
    /// Names of the fields that select among what is stored under a key, as in Vary; null when nothing selects. An answer without Vary
    /// beside variants answers only requests that are like its own in these fields (RFC 9111 §4.1).
    /// </summary>
    public string? SelectingNamesOf(CacheKey key) =>
        _objects.TryGetValue(key, out var variants) ? variants.SelectingNames : null;

    /// <summary>
    /// Whether something usable is stored under a key, in any variant, that is an answer about the object and not about one request
    /// (<see cref="StoredResponse.IsAboutTheObject"/>).
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="which">Which variants count; null for all.</param>
    public bool HoldsObject(CacheKey key, Predicate<Generation>? which = null)
    {
        if (_objects.TryGetValue(key, out var variants))
        {
            foreach (var generation in variants.All)
            {
                bool counts = generation.IsUsable && StoredResponse.IsAboutTheObject(generation.Response.Status);
                if (counts && which?.Invoke(generation) != false)
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Makes a generation the live one of its key and selecting fields; those it stands in for are retired. One that is retired already
    /// is not kept.
    /// </summary>
    public void Publish(Generation generation)
    {
        var replaced = new List<Generation>();
        while (true)
        {
            replaced.Clear();
            if (!_objects.TryGetValue(generation.Key, out var existing))
            {
                if (_objects.TryAdd(generation.Key, new StoredVariants(generation)))
                {
                    break;
                }
            }
            else if (_objects.TryUpdate(generation.Key, existing.With(generation, replaced), existing))
            {
                break;
            }
        }

        EndPublishing(generation, replaced);
    }

    /// <summary>
    /// Where slices go that are fetched of an object of its second when that is over (<see cref="Generation.IsInDoubtAt"/>): into a
    /// generation of the same validators that takes the object's place, the same one for all who ask. No request is needed for that: each
    /// part that is fetched is compared with the validators, and after the second those mean one version. The readers of
    /// <paramref name="doubtful"/> keep what they have, and go on with the new one, too.
    /// </summary>
    /// <param name="doubtful">The object as it was found in its second.</param>
    /// <param name="comparedBy">What the operator goes by when versions are compared.</param>
    /// <returns>Null when the object has left the index otherwise: its readers go on for themselves.</returns>
    public Generation? AfterItsSecond(Generation doubtful, ValidatorStrength comparedBy)
    {
        if (doubtful.Successor is { } known)
        {
            return known;
        }

        lock (_successions)
        {
            return doubtful.Successor ?? (doubtful.IsRetired ? null : TrySucceed(doubtful, comparedBy));
        }
    }

    private Generation? TrySucceed(Generation doubtful, ValidatorStrength comparedBy)
    {
        var successor = doubtful.NewSuccessor(doubtful.Response.AfterItsSecond(comparedBy));
        while (_objects.TryGetValue(doubtful.Key, out var existing) && existing.Contains(doubtful))
        {
            var replaced = new List<Generation>();
            if (_objects.TryUpdate(doubtful.Key, existing.With(successor, replaced), existing))
            {
                // Before it is retired: whoever reads it finds its successor from then on.
                doubtful.GoOnIn(successor);
                EndPublishing(successor, replaced);
                return successor;
            }
        }

        successor.Retire();
        return null;
    }

    // What was put into its place can be found by now.
    private void EndPublishing(Generation generation, List<Generation> replaced)
    {
        foreach (var previous in replaced)
        {
            previous.Replace();
        }

        _siblings.Add(generation.Key);
        generation.Published();
        _memory.Add(generation);

        // Thread A publishes; thread B finds the object changed and removes it. B retires first and looks for it second, A adds first
        // and looks at the flag second: one of the two takes it out.
        if (generation.IsRetired)
        {
            _memory.Remove(generation);
            TakeOut(generation);
        }
    }

    /// <summary>The live generations; those that come or go meanwhile may be among them.</summary>
    internal IEnumerable<Generation> Generations
    {
        get
        {
            foreach (var (_, variants) in _objects)
            {
                for (int index = 0; index < variants.All.Length; index++)
                {
                    yield return variants.All[index];
                }
            }
        }
    }

    /// <summary>
    /// From now on what is in it has at most so many bytes in its journal; what was not used lately goes for what comes. Called once, while
    /// the index is empty.
    /// </summary>
    internal void BoundJournal(long bytes) => _memory.JournalBudgetBytes = bytes;

    /// <summary>Takes every object out.</summary>
    internal void Clear()
    {
        foreach (var generation in Generations)
        {
            Remove(generation);
        }
    }

    /// <summary>
    /// Takes what is stored under the key out of the cache at once, with all its variants, whatever its size, and what is stored under the
    /// same target for other values of <c>cache_key.fields</c> (PURGE).
    /// </summary>
    /// <returns>The slices it had, or -1 when nothing was stored.</returns>
    public int Remove(ReadOnlySpan<byte> key)
    {
        var resource = KeyFields.ResourceOf(key);
        _removals.Add(CacheKeyComparer.HashOf(resource));
        int slices = RemoveVariants(resource);
        foreach (var sibling in _siblings.Of(resource))
        {
            int removed = RemoveVariants(sibling.Bytes);
            _siblings.Remove(sibling, IsGone);
            slices = removed < 0 ? slices : Math.Max(0, slices) + removed;
        }

        return slices;
    }

    private int RemoveVariants(ReadOnlySpan<byte> key)
    {
        if (!_byBytes.TryRemove(key, out var variants))
        {
            return -1;
        }

        int slices = 0;
        foreach (var generation in variants.All)
        {
            slices += generation.StoredSlices;
            generation.Retire();
        }

        return slices;
    }

    /// <summary>Retires a generation; when it is live, its place is free again.</summary>
    public void Remove(Generation generation)
    {
        generation.Retire();
        TakeOut(generation);
    }

    /// <summary>Retires a generation of which eviction has taken the last slice: for <see cref="SliceStore.TenantEmptied"/>.</summary>
    internal void RemoveEmptied(ISliceTenant tenant) => Remove((Generation)tenant);

    private static int ResourceHashOf(ReadOnlySpan<byte> key) => CacheKeyComparer.HashOf(KeyFields.ResourceOf(key));

    private bool IsGone(CacheKey key) => !_objects.ContainsKey(key);

    private void TakeOut(Generation generation)
    {
        while (_objects.TryGetValue(generation.Key, out var existing))
        {
            var rest = existing.Without(generation);
            bool isDone = rest == existing
                || (rest is null
                    ? _objects.TryRemove(KeyValuePair.Create(generation.Key, existing))
                    : _objects.TryUpdate(generation.Key, rest, existing));
            if (isDone)
            {
                break;
            }
        }

        _siblings.Remove(generation.Key, IsGone);
    }
}
