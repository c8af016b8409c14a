using System.Diagnostics.CodeAnalysis;

namespace Slice.Core.Caching;

/// <summary>
/// What names a stored response: the normal form of the request-target (<c>NormalizedTarget</c>), behind the host when
/// the host is forwarded. Immutable; two keys are equal when their bytes are.
/// </summary>
public readonly struct CacheKey : IEquatable<CacheKey>
{
    private readonly byte[] _bytes;

    /// <summary>A key that owns a copy of <paramref name="bytes"/>.</summary>
    public CacheKey(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>The bytes of the key.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <inheritdoc/>
    public bool Equals(CacheKey other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is CacheKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => CacheKeyComparer.HashOf(Bytes);

    /// <summary>The key as text for log lines and messages; bytes beyond ASCII appear as Latin-1.</summary>
    public override string ToString() => System.Text.Encoding.Latin1.GetString(_bytes);

    /// <summary>Byte equality.</summary>
    public static bool operator ==(CacheKey left, CacheKey right) => left.Equals(right);

    /// <summary>Byte inequality.</summary>
    public static bool operator !=(CacheKey left, CacheKey right) => !left.Equals(right);
}
