namespace Slice.Benchmarks.Simulate.Fleet;

/// <summary>
/// Consistent hashing: every instance has points on a ring of all 64-bit numbers, and a key belongs to the instance of the first point at
/// or above its hash. An instance that goes leaves its keys to its neighbours, and no other key moves. Immutable.
/// </summary>
internal sealed class HashRing
{
    private readonly ulong[] _points;
    private readonly int[] _owners;

    /// <param name="instances">Numbers of the instances, each from 0 on; at least one.</param>
    /// <param name="pointsPerInstance">The more, the more even are the shares: they differ by one over its root.</param>
    public HashRing(IEnumerable<int> instances, int pointsPerInstance)
    {
        var points = instances
            .SelectMany(instance => Enumerable.Range(0, pointsPerInstance)
                .Select(point => (Place: Hash(((ulong)(instance + 1) << 32) | (uint)point), instance)))
            .OrderBy(point => point.Place)
            .ToArray();
        _points = [.. points.Select(point => point.Place)];
        _owners = [.. points.Select(point => point.instance)];
    }

    /// <summary>Spreads numbers over all 64-bit numbers (the finaliser of SplitMix64, a bijection).</summary>
    public static ulong Hash(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>The instance of a key's hash.</summary>
    public int Find(ulong hash) => _owners[IndexOf(hash)];

    /// <summary>The first instance from the hash on that <paramref name="hasRoom"/>; the key's own when none has.</summary>
    public int Find(ulong hash, Func<int, bool> hasRoom)
    {
        int first = IndexOf(hash);
        for (int step = 0; step < _owners.Length; step++)
        {
            int owner = _owners[(first + step) % _owners.Length];
            if (hasRoom(owner))
            {
                return owner;
            }
        }

        return _owners[first];
    }

    private int IndexOf(ulong hash)
    {
        int found = Array.BinarySearch(_points, hash);
        return (found < 0 ? ~found : found) % _points.Length;
    }
}
