using System.Security.Cryptography;

namespace Slice.Core.SharedCache;

/// <summary>
/// 128 bits of SHA-256 that stand for something: a version of an object, or the name of a value. Nobody finds two things with one digest,
/// whatever the things are. Immutable.
/// </summary>
/// <param name="Bits">The digest.</param>
internal readonly record struct TierVersion(UInt128 Bits)
{
    /// <summary>Bytes of a digest.</summary>
    public const int SizeBytes = 16;

    /// <summary>The digest of some bytes.</summary>
    public static TierVersion Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return Read(digest);
    }

    /// <summary>Reads a digest that <see cref="Write"/> wrote.</summary>
    public static TierVersion Read(ReadOnlySpan<byte> bytes) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));

    /// <summary>Writes the digest.</summary>
    public void Write(Span<byte> destination) => System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(destination, Bits);

    /// <summary>32 hex digits.</summary>
    public override string ToString() => Bits.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
