using System.Numerics;

namespace Slice.Core.Storage;

/// <summary>
/// Remembers which slices were evicted lately, by a fingerprint. Not thread-safe; the store calls it under its lock.
/// </summary>
/// <remarks>
/// Buckets of eight places, one place for each slice in the store; a place holds 16 bits of the identity's hash and a 16-bit time, which
/// counts insertions in steps of 1/4096 of the capacity. What is older than the capacity is forgotten, and overwritten first. A slice that
/// was never seen passes for a ghost once in about 8,000 times; the price is one place in the main queue. Four bytes per place.
/// </remarks>
internal sealed class GhostTable
{
    private const int PlacesPerBucket = 8;
    private const int MinCapacity = 1024;
    private const int StepsPerCapacity = 4096;

    private uint[] _places = new uint[MinCapacity];
    private long _insertions;

    /// <summary>How many evicted slices are remembered, a power of two; memory is four bytes for each.</summary>
    public int Capacity => _places.Length;

    /// <summary>
    /// Makes room for as many ghosts as there are slices. Growing forgets: it happens while the store fills, when nothing has been evicted
    /// yet.
    /// </summary>
    public void EnsureCapacity(int slices)
    {
        if (slices > Capacity)
        {
            _places = new uint[Math.Min(BitOperations.RoundUpToPowerOf2((uint)slices), 1u << 30)];
        }
    }

    /// <summary>Remembers an evicted slice.</summary>
    public void Add(ulong identity)
    {
        _insertions++;
        var bucket = BucketOf(identity, out uint fingerprint);
        int oldest = 0;
        uint oldestAge = 0;
        for (int index = 0; index < bucket.Length; index++)
        {
            uint age = bucket[index] == 0 ? uint.MaxValue : AgeOf(bucket[index]);
            if (age > oldestAge)
            {
                (oldest, oldestAge) = (index, age);
            }
        }

        bucket[oldest] = (fingerprint << 16) | Now;
    }

    /// <summary>Whether the slice was evicted lately; it is forgotten by being asked for.</summary>
    public bool Remove(ulong identity)
    {
        foreach (ref uint place in BucketOf(identity, out uint fingerprint))
        {
            if (place != 0 && place >> 16 == fingerprint && AgeOf(place) <= StepsPerCapacity)
            {
                place = 0;
                return true;
            }
        }

        return false;
    }

    private uint Now => (uint)(_insertions * StepsPerCapacity / Capacity) & 0xFFFF;

    private uint AgeOf(uint place) => (Now - place) & 0xFFFF;

    private Span<uint> BucketOf(ulong identity, out uint fingerprint)
    {
        // Fibonacci hashing, as identities may be as regular as numbers in a row. A fingerprint is never zero, so a taken place never is.
        ulong hash = identity * 0x9E37_79B9_7F4A_7C15;
        fingerprint = Math.Max((uint)(hash & 0xFFFF), 1);
        int bucket = (int)((hash >> 32) & (uint)((_places.Length / PlacesPerBucket) - 1));
        return _places.AsSpan(bucket * PlacesPerBucket, PlacesPerBucket);
    }
}
