namespace Slice.Core.Caching;

/// <summary>Compares keys, also against bare bytes, so that a look-up on the hot path makes no key.</summary>
internal sealed class CacheKeyComparer : IEqualityComparer<CacheKey>, IAlternateEqualityComparer<ReadOnlySpan<byte>, CacheKey>
{
    public static readonly CacheKeyComparer Instance = new();

    public bool Equals(CacheKey x, CacheKey y) => x.Equals(y);

    public int GetHashCode(CacheKey obj) => HashOf(obj.Bytes);

    public bool Equals(ReadOnlySpan<byte> alternate, CacheKey other) => alternate.SequenceEqual(other.Bytes);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => HashOf(alternate);

    public CacheKey Create(ReadOnlySpan<byte> alternate) => new(alternate);

    /// <summary>HashCode is seeded per process, so that a client cannot choose targets that collide.</summary>
    internal static int HashOf(ReadOnlySpan<byte> bytes)
    {
        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}
