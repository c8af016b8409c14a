using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Slice.Core.Caching;

/// <summary>
/// What names a stored response: the normal form of the request-target (<c>NormalizedTarget</c>), behind the host when
/// the host is forwarded, and before the digest of fields that tell objects apart (<see cref="KeyFields"/>). Immutable; two keys are equal
/// when their bytes are.
/// </summary>
/// <remarks>
/// Of a target that is longer than <see cref="MaxTargetBytes"/>, with its host, a key holds the beginning, a number sign and the SHA-256 of
/// all of it in hex, so that a long query does not weigh on memory and journal for as long as its answer is kept. No target has a number
/// sign (RFC 9112 §3.2), so no short one can pass for the key of a long one.
/// </remarks>
public readonly struct CacheKey : IEquatable<CacheKey>
{
    /// <summary>Most bytes that a key holds of host and target. Arbitrary; most targets are shorter than 100.</summary>
    public const int MaxTargetBytes = 256;

    /// <summary>Most bytes that a key holds.</summary>
    public const int MaxBytes = MaxTargetBytes + KeyFields.SuffixBytes;

    /// <summary>Bytes of a prefix that can make a difference to <see cref="IsUnder"/>.</summary>
    internal const int MaxPrefixBytes = MaxTargetBytes + 1;

    private const int DigestBytes = 2 * SHA256.HashSizeInBytes;
    private const int PrefixBytes = MaxTargetBytes - DigestBytes - 1;

    private readonly byte[] _bytes;

    /// <summary>The key of <paramref name="bytes"/>; it owns a copy of them, or of what stands for them when they are many.</summary>
    public CacheKey(ReadOnlySpan<byte> bytes)
    {
        Span<byte> buffer = stackalloc byte[MaxBytes];
        _bytes = Hold(bytes, buffer).ToArray();
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

    /// <summary>What the key of these bytes holds of them: mostly all of them. It allocates nothing.</summary>
    /// <param name="bytes">Host, target and fields.</param>
    /// <param name="buffer">Room for <see cref="MaxBytes"/>, for when all of them are too many.</param>
    internal static ReadOnlySpan<byte> Hold(ReadOnlySpan<byte> bytes, Span<byte> buffer)
    {
        var target = KeyFields.ResourceOf(bytes);
        if (target.Length <= MaxTargetBytes)
        {
            return bytes;
        }

        var suffix = bytes[target.Length..];
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(target, digest);
        target[..PrefixBytes].CopyTo(buffer);
        buffer[PrefixBytes] = (byte)'#';
        Convert.TryToHexStringLower(digest, buffer[(PrefixBytes + 1)..], out _);
        suffix.CopyTo(buffer[MaxTargetBytes..]);
        return buffer[..(MaxTargetBytes + suffix.Length)];
    }

    /// <summary>
    /// Whether host and target of a key begin with <paramref name="prefix"/>. Of a long target the key does not hold all: when all that
    /// it holds agrees, the answer is yes.
    /// </summary>
    internal static bool IsUnder(ReadOnlySpan<byte> key, ReadOnlySpan<byte> prefix)
    {
        var target = KeyFields.ResourceOf(key);
        bool isHeldInPart = target.Length == MaxTargetBytes && target[PrefixBytes] == (byte)'#';
        return isHeldInPart && prefix.Length > PrefixBytes
            ? target.StartsWith(prefix[..PrefixBytes])
            : target.StartsWith(prefix);
    }

    /// <summary>Byte equality.</summary>
    public static bool operator ==(CacheKey left, CacheKey right) => left.Equals(right);

    /// <summary>Byte inequality.</summary>
    public static bool operator !=(CacheKey left, CacheKey right) => !left.Equals(right);
}
