using Slice.Core.Caching;

namespace Slice.Core.Objects;

/// <summary>
/// The stored keys that have a resource in common and differ by <see cref="KeyFields"/>: who takes the resource out means all of them.
/// Thread-safe.
/// </summary>
/// <remarks>Keys without fields are not in it, so an instance whose operator names none pays nothing.</remarks>
internal sealed class SiblingKeys
{
    // A set of one, its entry in the dictionary and the resource's key.
    private const int EntryBytes = 320;

    private readonly Lock _lock = new();
    private readonly Dictionary<CacheKey, HashSet<CacheKey>> _byResource = new(CacheKeyComparer.Instance);

    /// <summary>Notes that something is stored under the key.</summary>
    public void Add(CacheKey key)
    {
        if (!IsSibling(key))
        {
            return;
        }

        var resource = new CacheKey(KeyFields.ResourceOf(key.Bytes));
        lock (_lock)
        {
            if (!_byResource.TryGetValue(resource, out var siblings))
            {
                _byResource.Add(resource, siblings = []);
            }

            siblings.Add(key);
        }
    }

    /// <summary>Notes that nothing is stored under the key any more, if <paramref name="isGone"/> says so still.</summary>
    public void Remove(CacheKey key, Func<CacheKey, bool> isGone)
    {
        if (!IsSibling(key))
        {
            return;
        }

        var resource = new CacheKey(KeyFields.ResourceOf(key.Bytes));
        lock (_lock)
        {
            if (_byResource.TryGetValue(resource, out var siblings) && isGone(key) && siblings.Remove(key) && siblings.Count == 0)
            {
                _byResource.Remove(resource);
            }
        }
    }

    /// <summary>The keys of a resource that have fields.</summary>
    public IReadOnlyList<CacheKey> Of(ReadOnlySpan<byte> resource)
    {
        lock (_lock)
        {
            return _byResource.Count > 0 && _byResource.TryGetValue(new CacheKey(resource), out var siblings) ? [.. siblings] : [];
        }
    }

    /// <summary>Bytes of memory that a key takes here, about.</summary>
    public static int BytesOf(CacheKey key) => IsSibling(key) ? EntryBytes + key.Bytes.Length : 0;

    private static bool IsSibling(CacheKey key) => KeyFields.ResourceOf(key.Bytes).Length < key.Bytes.Length;
}
