using System.IO.Hashing;
using System.Text;

namespace Slice.Core.Caching;

/// <summary>
/// The tags that an origin gives to an answer, so that whoever changes what they stand for can purge all that has them: <c>Cache-Tag</c>
/// (separated by commas) and <c>Surrogate-Key</c> (by spaces, or commas). Case does not count. Immutable.
/// </summary>
/// <remarks>
/// Kept as 64 bits of XxHash3 each, whatever their length: a purge asks for equality and nothing else. Two tags with the same hash would
/// cost a fetch, never an old answer. For the same reason an answer with more tags than are kept counts as having every tag.
/// </remarks>
public sealed class CacheTags
{
    /// <summary>Most tags that are kept of one answer; 2 KiB of memory. Drupal gives 50 to 200 to a page.</summary>
    public const int MaxTags = 256;

    /// <summary>The field whose tags clients get to see; a cache before us may want them.</summary>
    public const string CacheTagField = "Cache-Tag";

    /// <summary>The field that is meant for us, and goes no further.</summary>
    public const string SurrogateKeyField = "Surrogate-Key";

    // Of one tag at a time; a longer one is hashed in an array of its own.
    private const int StackBytes = 256;

    // This one and its array.
    private const int ObjectBytes = 56;

    private readonly ulong[] _hashes;

    private CacheTags(ulong[] hashes, int surrogateKeys, bool isCut) =>
        (_hashes, SurrogateKeys, IsCut) = (hashes, surrogateKeys, isCut);

    /// <summary>The hashes; those of Surrogate-Key first.</summary>
    internal ReadOnlySpan<ulong> Hashes => _hashes;

    /// <summary>How many of them Surrogate-Key has brought: a 304 without that field says nothing new of them.</summary>
    internal int SurrogateKeys { get; }

    /// <summary>Whether the answer has more tags than are kept, so that a purge of any tag is for it, too.</summary>
    public bool IsCut { get; }

    /// <summary>Bytes of memory that they take, with the objects that hold them.</summary>
    internal int Bytes => ObjectBytes + (sizeof(ulong) * _hashes.Length);

    /// <summary>What stands for a tag.</summary>
    public static ulong HashOf(ReadOnlySpan<char> tag)
    {
        Span<byte> buffer = tag.Length <= StackBytes ? stackalloc byte[tag.Length] : new byte[tag.Length];
        for (int index = 0; index < tag.Length; index++)
        {
            buffer[index] = (byte)char.ToLowerInvariant((char)(byte)tag[index]);
        }

        return XxHash3.HashToUInt64(buffer);
    }

    /// <summary>The hashes of a list of tags separated by commas, in order and each once: what a purge asks for.</summary>
    public static ulong[] HashesOf(ReadOnlySpan<byte> list)
    {
        var hashes = new HashSet<ulong>();
        AddAll(hashes, Encoding.Latin1.GetString(list), ",", int.MaxValue);
        ulong[] sorted = [.. hashes];
        Array.Sort(sorted);
        return sorted;
    }

    /// <summary>The tags of an answer; null when it has none.</summary>
    /// <param name="surrogateKey">Its Surrogate-Key; null when it has none.</param>
    /// <param name="cacheTag">Its Cache-Tag; null when it has none.</param>
    /// <param name="confirmed">For an answer that confirms a stored one the tags of that: its Surrogate-Key counts when there is no
    /// other.</param>
    internal static CacheTags? Read(string? surrogateKey, string? cacheTag, CacheTags? confirmed)
    {
        if (surrogateKey is null && cacheTag is null && confirmed is null)
        {
            return null;
        }

        var hashes = new HashSet<ulong>();
        bool isCut = false;
        if (surrogateKey is not null)
        {
            isCut = !AddAll(hashes, surrogateKey, " \t,", MaxTags);
        }
        else if (confirmed is not null)
        {
            hashes.UnionWith(confirmed.Hashes[..confirmed.SurrogateKeys].ToArray());
            isCut = confirmed.IsCut;
        }

        int surrogateKeys = hashes.Count;
        isCut |= cacheTag is not null && !AddAll(hashes, cacheTag, ",", MaxTags);
        return hashes.Count == 0 && !isCut ? null : new CacheTags([.. hashes], surrogateKeys, isCut);
    }

    /// <summary>Those of an earlier run.</summary>
    internal static CacheTags Restore(ulong[] hashes, int surrogateKeys, bool isCut) =>
        new(hashes, Math.Clamp(surrogateKeys, 0, hashes.Length), isCut);

    /// <summary>Whether one of them is among those that a purge asks for, which are in order.</summary>
    internal bool HasAnyOf(ReadOnlySpan<ulong> sorted)
    {
        if (IsCut)
        {
            return true;
        }

        foreach (ulong hash in _hashes)
        {
            if (sorted.BinarySearch(hash) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    // False when there are too many.
    private static bool AddAll(HashSet<ulong> hashes, string list, string separators, int most)
    {
        foreach (var range in list.AsSpan().SplitAny(separators))
        {
            var tag = list.AsSpan(range).Trim(" \t");
            if (tag.IsEmpty)
            {
                continue;
            }

            ulong hash = HashOf(tag);
            if (hashes.Count == most && !hashes.Contains(hash))
            {
                return false;
            }

            hashes.Add(hash);
        }

        return true;
    }
}
