namespace Slice.Core.Caching;

/// <summary>
/// Compares keys, also against bare bytes, so that a look-up on the hot path makes no key. Bytes that are too many for a key are found by
/// what a key holds of them; a digest of 8 KiB is some microseconds.
/// </summary>
internal sealed class CacheKeyComparer : IEqualityComparer<CacheKey>, IAlternateEqualityComparer<ReadOnlySpan<byte>, CacheKey>
{
    public static readonly CacheKeyComparer Instance = new();

    public bool Equals(CacheKey x, CacheKey y) => x.Equals(y);

    public int GetHashCode(CacheKey obj) => HashOf(obj.Bytes);

    public bool Equals(ReadOnlySpan<byte> alternate, CacheKey other) =>
        alternate.Length <= CacheKey.MaxTargetBytes ? alternate.SequenceEqual(other.Bytes) : EqualsLong(alternate, other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => HashOf(alternate);

    public CacheKey Create(ReadOnlySpan<byte> alternate) => new(alternate);

    /// <summary>
    /// The hash of the key of these bytes. HashCode is seeded per process, so that a client cannot choose targets that collide.
    /// </summary>
    internal static int HashOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > CacheKey.MaxTargetBytes)
        {
            return HashOfLong(bytes);
        }

        var hash = default(HashCode);
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }

    private static bool EqualsLong(ReadOnlySpan<byte> alternate, CacheKey other)
    {
        Span<byte> buffer = stackalloc byte[CacheKey.MaxBytes];
        return CacheKey.Hold(alternate, buffer).SequenceEqual(other.Bytes);
    }

    private static int HashOfLong(ReadOnlySpan<byte> bytes)
    {
        Span<byte> buffer = stackalloc byte[CacheKey.MaxBytes];
        var hash = default(HashCode);
        hash.AddBytes(CacheKey.Hold(bytes, buffer));
        return hash.ToHashCode();
    }
}
