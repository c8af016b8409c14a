using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Slice.Core.Caching;

/// <summary>
/// What names a stored response: the normal form of the request-target (<c>NormalizedTarget</c>), behind the host when
/// the host is forwarded. Immutable; two keys are equal when their bytes are.
/// </summary>
/// <remarks>
/// Of what is longer than <see cref="MaxBytes"/> a key holds the beginning, a number sign and the SHA-256 of all of it in hex, so that a
/// long query does not weigh on memory and journal for as long as its answer is kept. No target has a number sign (RFC 9112 §3.2), so no
/// short one can pass for the key of a long one.
/// </remarks>
public readonly struct CacheKey : IEquatable<CacheKey>
{
    /// <summary>Most bytes that a key holds. Arbitrary; most targets are shorter than 100.</summary>
    public const int MaxBytes = 256;

    private const int DigestBytes = 2 * SHA256.HashSizeInBytes;
    private const int PrefixBytes = MaxBytes - DigestBytes - 1;

    private readonly byte[] _bytes;

    /// <summary>The key of <paramref name="bytes"/>; it owns a copy of them, or of what stands for them when they are many.</summary>
    public CacheKey(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= MaxBytes)
        {
            _bytes = bytes.ToArray();
        }
        else
        {
            _bytes = new byte[MaxBytes];
            Shorten(bytes, _bytes);
        }
    }

    /// <summary>The bytes that the key holds, at most <see cref="MaxBytes"/>.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <inheritdoc/>
    public bool Equals(CacheKey other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is CacheKey other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => CacheKeyComparer.HashOf(Bytes);

    /// <summary>The key as text for log lines and messages; bytes beyond ASCII appear as Latin-1.</summary>
    public override string ToString() => System.Text.Encoding.Latin1.GetString(_bytes);

    /// <summary>Writes what a key holds of bytes that are more than <see cref="MaxBytes"/>. It allocates nothing.</summary>
    /// <param name="bytes">More than <see cref="MaxBytes"/>.</param>
    /// <param name="destination">Room for <see cref="MaxBytes"/>, which are written.</param>
    internal static void Shorten(ReadOnlySpan<byte> bytes, Span<byte> destination)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        bytes[..PrefixBytes].CopyTo(destination);
        destination[PrefixBytes] = (byte)'#';
        Convert.TryToHexStringLower(digest, destination[(PrefixBytes + 1)..], out _);
    }

    /// <summary>Byte equality.</summary>
    public static bool operator ==(CacheKey left, CacheKey right) => left.Equals(right);

    /// <summary>Byte inequality.</summary>
    public static bool operator !=(CacheKey left, CacheKey right) => !left.Equals(right);
}
